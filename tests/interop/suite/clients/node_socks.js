// One request through the npm package `socks`; options as JSON in argv.
// CONNECT: prints the body of an HTTP answer. Others: prints `established`.
// Prints `error: ...` and exits 1 if the proxy refuses.
const [home, json] = process.argv.slice(2);
const { SocksClient } = require(`${home}/node_modules/socks`);
const { proxy, command, destination, path } = JSON.parse(json);
const timeout = 8000;

const client = new SocksClient({ proxy, command, destination, timeout });
client.on('error', fail);
client.on('established', ({ socket }) => {
  if (command !== 'connect') {
    console.log('established');
    process.exit(0);
  }
  socket.on('error', fail);
  socket.setTimeout(timeout, () => fail(new Error('idle')));
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('end', () => {
    const response = Buffer.concat(chunks);
    process.stdout.write(response.subarray(response.indexOf('\r\n\r\n') + 4));
  });
  socket.resume();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
});
// The first answer of a BIND.
client.on('bound', () => {
  console.log('bound');
  process.exit(0);
});
client.connect();

function fail(error) {
  console.log(`error: ${error.message}`);
  process.exit(1);
}
