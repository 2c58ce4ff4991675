// SPDX-License-Identifier: Apache-2.0
// Test data: the first bytes of conversations, written from the protocols: what miners say to their pools and nodes, what
// pools say to miners, and harmless neighbours of both.

const wallet = `4${'8edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD'.slice(0, 94)}`

/** Strings are Latin-1: a character is a byte. */
export const mining: Record<string, string> = {
  'stratum v1 subscribe': '{"id":1,"method":"mining.subscribe","params":["cgminer/4.12.0"]}\n',
  'subscribe with a session':
    '{"id": 1, "method": "mining.subscribe", "params": ["bfgminer/5.5.0", "deadbeefcafebabe0800000000000000"]}\n',
  'spaces and another order': '{ "params" : [ ] , "method" :\t"mining.subscribe" , "id" : 1 }\n',
  'escaped letters': '{"id":1,"method":"\\u006dining.subscribe","params":[]}\n',
  'escapes in lower and upper case':
    '{"id":1,"method":"mi\\u006Eing\\u002esubs\\u0063ribe","params":[]}\n',
  'authorize first': '{"id":2,"method":"mining.authorize","params":["wallet.worker","x"]}\n',
  'version rolling': '{"id":0,"method":"mining.configure","params":[["version-rolling"],{}]}\n',
  extranonce: '{"id":4,"method":"mining.extranonce.subscribe","params":[]}\n',
  'a difficulty of its choice':
    '{"id":3,"method":"mining.suggest_difficulty","params":[8192]}\n{"id":4,"method":"mining.suggest_target","params":["00"]}\n',
  'a share': '{"id":9,"method":"mining.submit","params":["w","4f","01","5e","ab"]}\n',
  'behind 400 bytes': `{"x":"${'a'.repeat(400)}","id":1,"method":"mining.subscribe"}\n`,
  'a pool that is asked through HTTP':
    'POST / HTTP/1.1\r\nHost: pool\r\nX-Mining-Extensions: longpoll\r\nContent-Length: 46\r\n\r\n{"id":1,"method":"mining.subscribe","params":[]}',
  'equihash subscribe':
    '{"id":1,"method":"mining.subscribe","params":["EWBF/0.3",null,"eu1-zcash.example","3333"]}\n',
  'ethereum login': '{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0xabc"]}\n',
  'ethereum login with a worker':
    '{"worker":"rig1","jsonrpc":"2.0","params":["0x0123456789abcdef0123456789abcdef01234567","x"],"id":2,"method":"eth_submitLogin"}\n',
  'ethereum work': '{"worker":"","jsonrpc":"2.0","params":[],"id":3,"method":"eth_getWork"}\n',
  'ethereum share':
    '{"id":4,"jsonrpc":"2.0","method":"eth_submitWork","params":["0x01","0x02","0x03"]}\n',
  'ethereum hash rate':
    '{"id":6,"jsonrpc":"2.0","method":"eth_submitHashrate","params":["0x500000","0x59"]}\n',
  'ethereum stratum 2':
    '{"id":0,"method":"mining.hello","params":{"agent":"ethminer-0.17","host":"pool"}}\n',
  'monero login':
    '{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4A","pass":"x","agent":"XMRig/6.21.0"}}\n',
  'monero login, agent first':
    '{"params":{"agent":"xmr-stak","login":"4A","pass":"x"},"method":"login","id":1}\n',
  'monero login with algorithms':
    '{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4A","pass":"x","algo":["rx/0"]}}\n',
  'monero login with a rig':
    '{"method":"login","params":{"login":"w","pass":"","rigid":"r1"},"id":1}\n',
  'monero login by wallet alone': `{"id":1,"method":"login","params":{"login":"${wallet}","pass":"x"}}\n`,
  'monero login by wallet and worker': `{"id":1,"method":"login","params":{"pass":"x","login":"${wallet}.rig7+5000"}}\n`,
  'monero share':
    '{"id":2,"jsonrpc":"2.0","method":"submit","params":{"id":"5f3","job_id":"Xz1","nonce":"d0030040","result":"e1364b8782719d7683e2ccd3d8f724bc59dfa780a9e960e7c0e0046acdb40100"}}\n',
  'grin login':
    '{"id":"0","jsonrpc":"2.0","method":"login","params":{"login":"a@b.example","pass":"","agent":"grin-miner"}}\n',
  'grin work': '{"id":"1","jsonrpc":"2.0","method":"getjobtemplate","params":null}\n',
  'a block template from a node':
    'POST / HTTP/1.1\r\nHost: 10.0.0.2:8332\r\nAuthorization: Basic dTpw\r\nContent-Type: application/json\r\nContent-Length: 77\r\n\r\n{"id":0,"method":"getblocktemplate","params":[{"rules":["segwit"]}]}\n',
  'work from a node':
    'POST / HTTP/1.1\r\nHost: localhost:8332\r\nContent-Length: 48\r\n\r\n{"method": "getwork", "params": [], "id":0}\r\n',
  'a block for a node': '{"jsonrpc":"1.0","id":7,"method":"submitblock","params":["0000002067"]}\n',
  'a monero block template':
    'POST /json_rpc HTTP/1.1\r\nHost: node:18081\r\nContent-Length: 120\r\n\r\n{"jsonrpc":"2.0","id":"0","method":"get_block_template","params":{"wallet_address":"44","reserve_size":60}}',
  'a monero block':
    '{"jsonrpc":"2.0","id":"0","method":"submit_block","params":["0707e6bdfedc053771512f1bc27c6273"]}',
  'stratum v2, set-up in clear':
    '\u0000\u0000\u0000\u002e\u0000\u0000\u0000\u0002\u0000\u0002\u0000\u0001\u0000\u0000\u0000\u000cpool.example\u0034\u0086\u0004vend\u0002hw\u0002fw\u0002id',
}

/** What a pool says to a miner: for connections that were open before anybody looked, and for pools in a container. */
export const pools: Record<string, string> = {
  'a job':
    '{"id":null,"method":"mining.notify","params":["bf","4d16b6f85af6e2198f44ae2a6de67f78487ae5611b77c6c0440b921e00000000","01","07",[],"00000002","1c2ac4af","504e86b9",false]}\n',
  'a difficulty': '{"id": null, "method": "mining.set_difficulty", "params": [2]}\n',
  'an extranonce': '{"id":null,"method":"mining.set_extranonce","params":["08000002",4]}\n',
  'a target':
    '{"id":null,"method":"mining.set_target","params":["0004189374bc6a7ef9db22d0e5604189374bc6a7ef9db22d0e5604189374bc6a"]}\n',
  'an answer to subscribe':
    '{"id":1,"result":[[["mining.set_difficulty","b4b6693b72a50c7116db18d6497cac52"],["mining.notify","ae6812eb4cd7735a302a8a9dd95cf71f"]],"08000002",4],"error":null}\n',
  'monero job after login':
    '{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"1be0b7b6","job":{"blob":"0707e6bdfe","job_id":"4Bi","target":"b88d0600"},"status":"OK"}}\n',
  'monero job':
    '{"jsonrpc":"2.0","method":"job","params":{"blob":"0707aed4fe","job_id":"NIW","target":"b88d0600","algo":"rx/0"}}\n',
}

export const harmless: Record<string, string> = {
  'JSON-RPC call': '{"jsonrpc":"2.0","id":1,"method":"subtract","params":[42,23]}\n',
  'JSON-RPC batch':
    '[{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method":"notify_hello","params":[7]}]',
  'JSON-RPC login without a miner':
    '{"jsonrpc":"2.0","id":1,"method":"login","params":{"user":"ann","pass":"x"}}\n',
  'JSON-RPC login with a login':
    '{"jsonrpc":"2.0","id":1,"method":"login","params":{"login":"ann@shop.example","pass":"x"}}\n',
  'a long token as a login': `{"method":"login","params":{"login":"ey${'JhbGciOi'.repeat(14)}","pass":"x"}}\n`,
  'JSON-RPC submit':
    '{"id":3,"method":"submit","params":{"form":"order","nonce":"abc","job":"7"}}\n',
  'a CI server’s job': '{"job_id":"4711","status":"running","job":{"name":"build","log":"x"}}\n',
  'ethereum node': '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":83}\n',
  'ethereum subscription':
    '{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}',
  'bitcoin node':
    'POST / HTTP/1.1\r\nHost: node:8332\r\nContent-Length: 63\r\n\r\n{"jsonrpc":"1.0","id":"t","method":"getblockchaininfo","params":[]}',
  'a wallet’s balance':
    '{"jsonrpc":"2.0","id":"0","method":"get_balance","params":{"account_index":0}}',
  'language server':
    'Content-Length: 60\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}',
  'words without the protocol': '{"text":"the mining industry, please subscribe"}\n',
  'a method that begins alike': '{"id":1,"method":"mining.statistics","params":[]}\n',
  'the words in a path': 'GET /mining.subscribe HTTP/1.1\r\nHost: docs.example\r\n\r\n',
  'the words in a sentence':
    '{"message":"how does mining.notify work?","tags":["mining","notify"]}\n',
  'HTTP request': 'GET /order/1 HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n',
  'HTTP with JSON':
    'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n{"login":"ann","password":"x"}',
  'HTTP/2':
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0012\u0004\u0000\u0000\u0000\u0000\u0000\u0000\u0003\u0000\u0000\u0000\u0064',
  WebSocket:
    'GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  'user agents in JSON': '{"agent":"Mozilla/5.0","algo":"none","event":"pageview"}\n',
  Redis: '*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n',
  'Redis subscribe': '*2\r\n$9\r\nSUBSCRIBE\r\n$16\r\nmining.subscribe\r\n',
  memcached: 'set mining.subscribe 0 60 5\r\nvalue\r\n',
  MQTT: '\u0010\u0016\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u000asubscriber',
  'MQTT topic': '\u0082\u0014\u0000\u0001\u0000\u000fmining/subscribe\u0000',
  AMQP: 'AMQP\u0000\u0000\u0009\u0001',
  Kafka:
    '\u0000\u0000\u0000\u0023\u0000\u0012\u0000\u0003\u0000\u0000\u0000\u0001\u0000\u0009consumer1\u0000\u0000',
  Cassandra:
    '\u0004\u0000\u0000\u0000\u0001\u0000\u0000\u0000\u0016\u0000\u0001\u0000\u000bCQL_VERSION\u0000\u00053.0.0',
  MongoDB:
    '\u0039\u0000\u0000\u0000\u0001\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u00dd\u0007\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0024\u0000\u0000\u0000\u0010isMaster\u0000\u0001\u0000\u0000\u0000\u0000',
  'PostgreSQL start': '\u0000\u0000\u0000\u0017\u0000\u0003\u0000\u0000user\u0000ann\u0000\u0000',
  'MySQL greeting':
    '\u004a\u0000\u0000\u0000\u000a8.0.36\u0000\u0008\u0000\u0000\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0000',
  LDAP: '\u0030\u000c\u0002\u0001\u0001\u0060\u0007\u0002\u0001\u0003\u0004\u0000\u0080\u0000',
  'TLS client hello': '\u0016\u0003\u0001\u0000\u0031\u0001\u0000\u0000\u002d\u0003\u0003'.padEnd(
    54,
    '\u00a7',
  ),
  SSH: 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
  SMTP: 'EHLO miner.example\r\nMAIL FROM:<a@example>\r\n',
  'NATS subscribe': 'SUB mining.subscribe 1\r\n',
  'zeros and small numbers': '\u0000\u0000\u0001\u0000\u0000\u0002\u0000\u0002\u0000\u0000'.repeat(
    9,
  ),
}
