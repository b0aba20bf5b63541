use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::{
        op::{Message, Query},
        rr::{Name, RData, Record, RecordType, rdata::CNAME},
    },
};
use socks_tower::HickoryResolver;
use tokio::{net::UdpSocket, task::JoinHandle};

use super::plan::{Alias, Plan, plan_of};

/// A DNS server that answers by plan, with a TTL of 0. Gone when dropped.
pub(super) struct Dns {
    addr: SocketAddr,
    serving: JoinHandle<()>,
}

impl Dns {
    pub(super) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let mut asked = HashMap::new();
            let mut buf = [0; 1500];
            while let Ok((len, peer)) = socket.recv_from(&mut buf).await {
                let query = Message::from_vec(&buf[..len]).unwrap();
                let reply = reply(query, &mut asked).to_vec().unwrap();
                socket.send_to(&reply, peer).await.unwrap();
            }
        });
        Self { addr, serving }
    }

    /// A resolver that asks this server for both families.
    pub(super) fn resolver(&self) -> HickoryResolver {
        let mut udp = ConnectionConfig::udp();
        udp.port = self.addr.port();
        let servers = vec![NameServerConfig::new(self.addr.ip(), true, vec![udp])];
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        builder.options_mut().use_hosts_file = ResolveHosts::Never;
        HickoryResolver::new(builder.build().unwrap())
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// How often each name was asked for, by type.
type Asked = HashMap<(Name, RecordType), usize>;

fn reply(query: Message, asked: &mut Asked) -> Message {
    let mut reply = query.into_response();
    reply.additionals.clear();
    let question = reply.queries[0].clone();
    let plan = plan_of(&question.name.to_string()).expect("a name of these tests");
    reply.answers = answers(&question, plan, asked);
    reply
}

fn answers(question: &Query, plan: Plan, asked: &mut Asked) -> Vec<Record> {
    let name = &question.name;
    let alias = |label: &str| {
        let label = Name::from_str(label).unwrap();
        label.append_domain(name).unwrap()
    };
    let cname = |from: &Name, to: &Name| {
        let to = CNAME(to.clone());
        Record::from_rdata(from.clone(), 0, RData::CNAME(to))
    };
    let is_alias = |label: &[u8]| name.iter().next() == Some(label);
    let mut answers = Vec::new();
    let owner = match plan.alias {
        Alias::None => name.clone(),
        Alias::Localhost => {
            let localhost = Name::from_str("localhost.").unwrap();
            return vec![cname(name, &localhost)];
        }
        Alias::Followed if is_alias(b"end") => name.clone(),
        Alias::Followed if is_alias(b"between") => return vec![cname(name, &alias("end"))],
        Alias::Followed => return vec![cname(name, &alias("between"))],
        Alias::Chain => {
            let [between, end] = ["between", "end"].map(alias);
            answers.extend([cname(name, &between), cname(&between, &end)]);
            end
        }
    };
    let turn = asked
        .entry((name.clone(), question.query_type))
        .or_insert(0);
    let addrs = plan
        .addrs(*turn)
        .filter_map(|ip| match (ip, question.query_type) {
            (IpAddr::V4(ip), RecordType::A) => Some(RData::A(ip.into())),
            (IpAddr::V6(ip), RecordType::AAAA) => Some(RData::AAAA(ip.into())),
            _ => None,
        });
    answers.extend(addrs.map(|rdata| Record::from_rdata(owner.clone(), 0, rdata)));
    *turn += 1;
    answers
}
