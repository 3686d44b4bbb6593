// A real OpenID provider (npm oidc-provider, certified) for the tests: some people, code with PKCE, device flow, refresh
// tokens that change at each use, and keys that change when told to. usage: node provider.mjs FOLDER [no-groups]
import crypto from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(path.join(process.argv[2], 'package.json'));
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);
const people = {
  alice: { email: 'alice@corp.example', email_verified: true, groups: ['dev', 'sre'] },
  bob: { email: 'bob@corp.example', email_verified: true, groups: ['dev'] },
  carol: { email: 'carol@corp.example', email_verified: true, groups: ['dev'] },
  dave: { email: 'dave@corp.example', email_verified: true, groups: ['guests'] },
};
const scopes = ['openid', 'offline_access', 'email', 'groups'];
let number = 0;

const newKey = () => {
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  number += 1;
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: `k${number}` };
};

// What the provider keeps outlives a change of its keys.
const kept = new Map();
class Adapter {
  constructor(model) { this.model = model; }
  key(id) { return `${this.model} ${id}`; }
  async upsert(id, payload) { kept.set(this.key(id), payload); }
  async find(id) { return kept.get(this.key(id)); }
  async search(name, value) {
    return [...kept].find(([key, payload]) => key.startsWith(`${this.model} `) && payload[name] === value)?.[1];
  }
  async findByUid(uid) { return this.search('uid', uid); }
  async findByUserCode(code) { return this.search('userCode', code); }
  async consume(id) { kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { kept.delete(this.key(id)); }
  async revokeByGrantId(grant) { for (const [key, payload] of kept) if (payload.grantId === grant) kept.delete(key); }
}

const make = (issuer) => {
  const provider = new Provider(issuer, {
    adapter: Adapter,
    jwks: { keys: [newKey()] },
    clients: [{
      client_id: 'hoop', token_endpoint_auth_method: 'none', application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'], redirect_uris: ['http://127.0.0.1/callback'],
    }],
    features: {
      deviceFlow: { enabled: true }, devInteractions: { enabled: false }, revocation: { enabled: true },
    },
    scopes, claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    cookies: { keys: ['test'] },
    ttl: { IdToken: 3600, AccessToken: 3600, AuthorizationCode: 60, DeviceCode: 600, Grant: 86400, Interaction: 600, Session: 86400, RefreshToken: 86400 },
    findAccount: async (_, id) => people[id] && { accountId: id, claims: async () => ({ sub: id, ...people[id] }) },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  });
  return provider;
};

const answer = async (provider, request, response) => {
  const details = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    response.end(`<form method="post" action="/interaction/${details.uid}"><input name="user"></form>`);
    return;
  }
  let body = '';
  for await (const chunk of request) body += chunk;
  const user = new URLSearchParams(body).get('user');
  if (user === 'nobody') {
    await provider.interactionFinished(request, response, { error: 'access_denied', error_description: 'nobody wants to' });
  } else if (details.prompt.name === 'consent') {
    const { grantId, params, session } = details;
    const grant = grantId ? await provider.Grant.find(grantId)
      : new provider.Grant({ clientId: params.client_id, accountId: session.accountId });
    grant.addOIDCScope(scopes.join(' '));
    await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  } else {
    await provider.interactionFinished(request, response, { login: { accountId: user } }, { mergeWithLastSubmission: false });
  }
};

let provider;
const server = http.createServer((request, response) => {
  if (request.url === '/test/rotate') {
    provider = make(`http://127.0.0.1:${server.address().port}`);
    response.end();
  } else if (request.url.startsWith('/interaction/')) {
    answer(provider, request, response).catch((cause) => { response.statusCode = 500; response.end(String(cause)); });
  } else {
    provider.callback()(request, response);
  }
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = make(issuer);
  console.log(issuer);
});
