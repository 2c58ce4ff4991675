// SPDX-License-Identifier: Apache-2.0
// Test data: what clients say first, written from the protocols: mining pools in their variants, and harmless neighbours of theirs.

export const mining: Record<string, string> = {
  'stratum v1 subscribe': '{"id":1,"method":"mining.subscribe","params":["cgminer/4.12.0"]}\n',
  'spaces and another order': '{ "params" : [ ] , "method" :\t"mining.subscribe" , "id" : 1 }\n',
  'escaped letters': '{"id":1,"method":"\\u006dining.subscribe","params":[]}\n',
  'escapes in lower and upper case':
    '{"id":1,"method":"mi\\u006Eing\\u002esubs\\u0063ribe","params":[]}\n',
  'authorize first': '{"id":2,"method":"mining.authorize","params":["wallet.worker","x"]}\n',
  'version rolling': '{"id":0,"method":"mining.configure","params":[["version-rolling"],{}]}\n',
  extranonce: '{"id":4,"method":"mining.extranonce.subscribe","params":[]}\n',
  'a share': '{"id":9,"method":"mining.submit","params":["w","4f","01","5e","ab"]}\n',
  'behind 400 bytes': `{"x":"${'a'.repeat(400)}","id":1,"method":"mining.subscribe"}\n`,
  'ethereum login': '{"id":1,"jsonrpc":"2.0","method":"eth_submitLogin","params":["0xabc"]}\n',
  'monero login':
    '{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4A","pass":"x","agent":"XMRig/6.21.0"}}\n',
  'monero login, agent first':
    '{"params":{"agent":"xmr-stak","login":"4A","pass":"x"},"method":"login","id":1}\n',
  'monero login with algorithms':
    '{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"4A","pass":"x","algo":["rx/0"]}}\n',
}

export const harmless: Record<string, string> = {
  'JSON-RPC call': '{"jsonrpc":"2.0","id":1,"method":"subtract","params":[42,23]}\n',
  'JSON-RPC login without a miner':
    '{"jsonrpc":"2.0","id":1,"method":"login","params":{"user":"ann","pass":"x"}}\n',
  'ethereum node': '{"jsonrpc":"2.0","method":"eth_blockNumber","params":[],"id":83}\n',
  'language server':
    'Content-Length: 60\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}',
  'words without the protocol': '{"text":"the mining industry, please subscribe"}\n',
  'a method that begins alike': '{"id":1,"method":"mining.statistics","params":[]}\n',
  'the words in a path': 'GET /mining.subscribe HTTP/1.1\r\nHost: docs.example\r\n\r\n',
  'HTTP request': 'GET /order/1 HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n',
  'HTTP with JSON':
    'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n{"login":"ann","password":"x"}',
  'user agents in JSON': '{"agent":"Mozilla/5.0","algo":"none","event":"pageview"}\n',
  Redis: '*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n',
  MQTT: '\u0010\u0016\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u000asubscriber',
  'PostgreSQL start': '\u0000\u0000\u0000\u0017\u0000\u0003\u0000\u0000user\u0000ann\u0000\u0000',
  SSH: 'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n',
  SMTP: 'EHLO miner.example\r\nMAIL FROM:<a@example>\r\n',
  'NATS subscribe': 'SUB mining.subscribe 1\r\n',
}
