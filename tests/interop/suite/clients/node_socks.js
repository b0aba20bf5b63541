// One request through the npm package `socks`; options as JSON in argv.
// CONNECT: prints the body of an HTTP answer.
// BIND: prints `bound HOST PORT`, then `established HOST PORT`; greets the peer and sends back what it says.
// UDP ASSOCIATE: prints `relay HOST PORT`; sends each of `payloads` (base64) once the one before is answered,
// and prints the answers as lines of JSON.
// Prints `error: ...` and exits 1 if the proxy refuses.
const dgram = require('node:dgram');
const [home, json] = process.argv.slice(2);
const { SocksClient } = require(`${home}/node_modules/socks`);
const { proxy, command, destination, path, greeting, payloads } = JSON.parse(json);
const timeout = 8000;

const serve = { connect: get, bind: greetAndEcho, associate: exchange }[command];
// UDP ASSOCIATE names no target.
const named = command === 'associate' ? { host: '0.0.0.0', port: 0 } : destination;
const client = new SocksClient({ proxy, command, destination: named, timeout });
client.on('error', fail);
// The first answer of a BIND.
client.on('bound', ({ remoteHost }) => console.log(`bound ${remoteHost.host} ${remoteHost.port}`));
client.on('established', (info) => {
  info.socket.on('error', fail);
  serve(info);
});
client.connect();

function get({ socket }) {
  socket.setTimeout(timeout, () => fail(new Error('idle')));
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('end', () => {
    const response = Buffer.concat(chunks);
    process.stdout.write(response.subarray(response.indexOf('\r\n\r\n') + 4));
  });
  socket.resume();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
}

function greetAndEcho({ socket, remoteHost }) {
  console.log(`established ${remoteHost.host} ${remoteHost.port}`);
  socket.setTimeout(timeout, () => fail(new Error('idle')));
  socket.write(greeting);
  socket.pipe(socket);
}

function exchange({ socket, remoteHost }) {
  console.log(`relay ${remoteHost.host} ${remoteHost.port}`);
  const udp = dgram.createSocket('udp4');
  const left = payloads.map((payload) => Buffer.from(payload, 'base64'));
  const timer = setTimeout(() => fail(new Error(`no answer, ${left.length} left`)), timeout);
  udp.on('error', fail);
  socket.on('close', () => fail(new Error('the association ended')));
  const next = () => {
    if (!left.length) {
      process.exit(0);
    }
    const frame = SocksClient.createUDPFrame({ remoteHost: destination, data: left.shift() });
    udp.send(frame, remoteHost.port, remoteHost.host);
  };
  udp.on('message', (message) => {
    timer.refresh();
    const frame = SocksClient.parseUDPFrame(message);
    console.log(JSON.stringify({ ...frame, data: frame.data.toString('base64') }));
    next();
  });
  socket.resume();
  next();
}

function fail(error) {
  console.log(`error: ${error.message}`);
  process.exit(1);
}
