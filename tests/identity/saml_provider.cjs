// A real SAML identity provider (npm samlp, which signs with xml-crypto) for the tests. What it does wrong, if anything, is
// the last word of its metadata's address: /metadata/good, /metadata/sha1, … usage: node saml_provider.cjs FOLDER KEYS
// KEYS holds provider.key, provider.crt, stranger.key and stranger.crt.
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const { createRequire } = require('module');

const [folder, keys] = process.argv.slice(2);
const samlp = createRequire(path.join(folder, 'package.json'))('samlp');
const read = (name) => fs.readFileSync(path.join(keys, name));
const key = read('provider.key'), cert = read('provider.crt');
const aws = 'https://aws.amazon.com/SAML/Attributes/';
const account = 'arn:aws:iam::123456789012:';
const people = {
  alice: { groups: ['dev', 'sre'], roles: [`${account}role/dev,${account}saml-provider/lab`, `${account}saml-provider/lab,${account}role/ops`] },
  bob: { groups: ['dev'], roles: [`${account}role/dev,${account}saml-provider/lab`] },
};
let base;

const mapper = (user) => ({
  metadata: [],
  getClaims: () => ({
    [`${aws}Role`]: people[user.id].roles, [`${aws}RoleSessionName`]: user.id, [`${aws}SessionDuration`]: '3600',
    [`${aws}PrincipalTag:CostCenter`]: '42', groups: people[user.id].groups, mail: `${user.id}@corp.example`,
  }),
  getNameIdentifier: () => ({
    nameIdentifier: user.id, nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  }),
});
mapper.prototype = { metadata: [] };

const ways = {
  good: {},
  response: { signResponse: true, signAssertion: false },
  both: { signResponse: true },
  sha1: { signatureAlgorithm: 'rsa-sha1', digestAlgorithm: 'sha1' },
  unsigned: { signAssertion: false },
  stranger: { key: read('stranger.key'), cert: read('stranger.crt') },
  audience: { audience: 'https://other.example.com' },
  recipient: { recipient: 'https://signin.aws.amazon.com/saml' },
  destination: { destination: 'https://signin.aws.amazon.com/saml' },
  unasked: { inResponseTo: '_another' },
  issuer: { issuer: 'https://evil.example.com' },
  encrypted: { encryptionCert: cert, encryptionPublicKey: crypto.createPublicKey(cert).export({ type: 'spki', format: 'pem' }) },
  tampered: { change: (text) => text.replace('>dev<', '>admins<') },
  stripped: { change: (text) => text.replace(/<Signature.*<\/Signature>/s, '') },
  denied: { denied: true },
  expired: {},
};

const metadata = (way) => `<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:test:idp"${way === 'expired' ? ' validUntil="2020-01-01T00:00:00Z"' : ''}>
 <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
  <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${
    String(cert).replace(/-----[A-Z ]+-----/g, '')}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
  <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${base}/sso/${way}"/>
 </IDPSSODescriptor></EntityDescriptor>`;

const escape = (text) => String(text).replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

http.createServer((request, response) => {
  const url = new URL(request.url, base);
  const [, what, way] = url.pathname.split('/');
  const html = (text) => { response.setHeader('content-type', 'text/html'); response.end(text); };
  if (!ways[way]) { response.statusCode = 404; return response.end(); }
  if (what === 'metadata') return response.end(metadata(way));
  // First the person says who it is, then the answer goes back by a form.
  if (request.method === 'GET') {
    // The address is percent-encoded; the scripted browser takes it as it stands.
    return html(`<form method="post" action="${request.url}"><input name="user"></form>`);
  }
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    const user = new URLSearchParams(body).get('user');
    request.query = Object.fromEntries(url.searchParams);
    request.body = {};
    request.originalUrl = request.url;
    request.method = 'GET';
    const { change, denied, ...options } = ways[way];
    samlp.parseRequest(request, (error, asked) => {
      if (error) { response.statusCode = 400; return response.end(String(error)); }
      const acs = asked.assertionConsumerServiceURL;
      const post = (token) => html(`<form method="post" action="${escape(acs)}"><input type="hidden" name="SAMLResponse" value="${token}">` +
        `<input type="hidden" name="RelayState" value="${escape(request.query.RelayState)}"></form>`);
      const shim = { set() {}, send: (page) => post(/value="([A-Za-z0-9+/=]{400,})"/.exec(String(page))[1]) };
      const all = {
        issuer: 'urn:test:idp', cert, key, recipient: acs, destination: acs, lifetimeInSeconds: 300, profileMapper: mapper,
        getPostURL: (a, d, r, done) => (done || r)(null, acs), getUserFromRequest: () => ({ id: user }), ...options,
      };
      if (change) all.responseHandler = (text) => post(Buffer.from(change(String(text))).toString('base64'));
      if (denied) {
        return samlp.sendError({
          issuer: 'urn:test:idp', cert, key, destination: acs, inResponseTo: asked.id, getPostURL: (r, done) => done(null, acs),
          error: { code: 'urn:oasis:names:tc:SAML:2.0:status:AuthnFailed', description: 'nobody wants to' },
        })(request, shim, (cause) => response.end(String(cause)));
      }
      samlp.auth(all)(request, shim, (cause) => { response.statusCode = 500; response.end(String(cause && cause.stack)); });
    });
  });
}).listen(0, '127.0.0.1', function () {
  base = `http://127.0.0.1:${this.address().port}`;
  console.log(base);
});
