"""The third set of texts: rules were not made with them in view. It says what to expect of tools nobody thought of."""
import base64, json

from first import *
from second import columns, short

context = contexts_of("third")


@context("txt")
def rabbitmq():
    return f"$ rabbitmqctl add_user worker {S(mixed(B62, 16), 'argument')}\nAdding user \"worker\" ...\n$ rabbitmqctl authenticate_user worker {S(mixed(B62, 16), 'argument')}\ndefault_pass = {short()}\nmanagement.load_definitions = {N('/etc/rabbitmq/definitions.json', 'path')}\namqps://worker:{S(mixed(B62, 16), 'url')}@mq:5671/vhost\n"


@context("json")
def rabbitmq_definitions():
    return json_pretty({"users": [{"name": "worker", "password_hash": S(b64(r.randbytes(36)), "hash", 2), "hashing_algorithm": "rabbit_password_hashing_sha256"}], "parameters": [{"component": "shovel", "value": {"src-uri": f"amqp://a:{S(mixed(B62, 16), 'url')}@h"}}]})


@context("txt")
def kafka_sasl():
    return f'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="app" password="{S(mixed(B62, 16))}";\nssl.keystore.password={short()}\nssl.key.password={short()}\nssl.truststore.location={N("/etc/kafka/truststore.jks", "path")}\n$ kcat -X sasl.username=app -X sasl.password={short()} -b k:9093 -L\n'


@context("conf")
def elasticsearch():
    return f"$ bin/elasticsearch-reset-password -u elastic\nPassword for the [elastic] user successfully reset.\nNew value: {S(mixed(B62 + '*+-', 20), 'said')}\nThe generated password for the elastic built-in superuser is : {S(mixed(B62 + '*+-', 20), 'said')}\nelasticsearch.password: \"{S(mixed(B62, 16))}\"\ncluster_uuid: {N(letters(URL, 22), 'uuid')}\n{{\"id\":\"{N(letters(URL, 20), 'id')}\",\"name\":\"k\",\"api_key\":\"{S(letters(URL, 22))}\",\"encoded\":\"{S(b64((letters(URL, 20) + ':' + letters(URL, 22)).encode()), 'encoded-pair')}\"}}\n"


@context("txt")
def mysql_batch():
    return "id\tuser\tpassword_plain\n" + "".join(f"{i}\t{r.choice(NOUNS)}\t{short()}\n" for i in range(3)) + f"\nMariaDB [(none)]> SET PASSWORD = PASSWORD('{S(mixed(B62, 14))}');\nA temporary password is generated for root@localhost: {S(mixed(B62 + '!#%;', 12), 'said')}\n"


@context("txt")
def cassandra_cql():
    return f"cqlsh -u cassandra -p {S(mixed(B62, 14), 'cli')} db 9042\ncassandra@cqlsh> CREATE ROLE app WITH PASSWORD = '{S(password())}' AND LOGIN = true;\n\n role | is_superuser | salted_hash\n------+--------------+-------------\n  app |        False | {S('$2a$10$' + letters(B62 + './', 53), 'hash', 2)}\n"


@context("yaml")
def grafana():
    return f"[security]\nadmin_user = admin\nadmin_password = {short()}\nsecret_key = {S(mixed(B62, 20))}\n[auth.github]\nclient_id = {N(letters(HEX, 20), 'client-id')}\nclient_secret = {S(letters(HEX, 40))}\n\ndatasources:\n  - name: pg\n    secureJsonData:\n      password: {short()}\n      httpHeaderValue1: Bearer {S('glsa_' + letters(B62, 32) + '_' + letters(HEX, 8), 'bearer-value')}\n"


@context("yaml")
def prometheus():
    return f"scrape_configs:\n  - job_name: x\n    basic_auth:\n      username: prom\n      password: {short()}\n    authorization:\n      credentials: {S(mixed(B62, 40))}\n    bearer_token: {S(mixed(B62, 40))}\nreceivers:\n  - slack_configs:\n      - api_url: {S('https://hooks.slack.com/services/T' + letters(B62.upper()[:26], 8) + '/B' + letters(B62.upper()[:26], 8) + '/' + letters(B62, 24), 'webhook')}\n    pagerduty_configs:\n      - routing_key: {S(letters(HEX, 32))}\n"


@context("hcl")
def nomad_consul():
    return f'encrypt = "{S(b64(r.randbytes(32)), "gossip")}"\nacl {{\n  tokens {{\n    agent = "{S(guid(), "uuid-token")}"\n  }}\n}}\n$ consul acl token create\nAccessorID:       {N(guid(), "uuid")}\nSecretID:         {S(guid(), "uuid-token")}\nDescription:      x\n$ nomad acl bootstrap\nAccessor ID  = {N(guid(), "uuid")}\nSecret ID    = {S(guid(), "uuid-token")}\n'


@context("txt")
def django_shell():
    return f">>> settings.SECRET_KEY\n'{S(letters(B62 + '!@#%^&*(-_=+)', 50), 'repl')}'\n>>> settings.DATABASES['default']['PASSWORD']\n'{S(mixed(B62, 16), 'repl')}'\n>>> os.environ['API_TOKEN']\n'{S(mixed(B62, 32), 'repl')}'\n>>> len(token)\n{N('40', 'number')}\n"


@context("log")
def rails_log():
    return f"Started POST \"/login\" for 10.0.0.1 at 2026-07-14 10:11:12\n  Parameters: {{\"authenticity_token\"=>\"{S(mixed(B62, 64), 'csrf', 2)}\", \"user\"=>{{\"email\"=>\"a@example.com\", \"password\"=>\"[FILTERED]\"}}, \"api_key\"=>\"{S(mixed(B62, 32))}\"}}\nCompleted 200 OK in {N('123ms', 'word')}\n"


@context("log")
def spring_boot():
    return f"\nUsing generated security password: {S(guid(), 'uuid-password')}\n\n2026-07-14 10:11:12.123 DEBUG o.s.w.c.RestTemplate - Writing [{{grant_type=[password], username=[ana], password=[{S(mixed(B62, 14), 'bracketed')}]}}]\nLoginRequest(username=ana, password={S(mixed(B62, 14))}, rememberMe=false)\nTokenResponse[access_token={S(mixed(B62, 40))}, token_type=Bearer, scope={N('read', 'word')}]\n"


@context("log")
def nginx_and_haproxy():
    return f'10.0.0.1 - ana [14/Jul/2026:10:11:12 +0000] "GET /api?access_token={S(mixed(B62, 40))}&page=2 HTTP/1.1" 200 12 "https://x/?code={S(mixed(B62, 40), "oauth-code", 2)}" "curl/8"\nproxy_set_header X-Api-Key "{S(mixed(B62, 32))}";\nproxy_set_header Authorization "Basic {S(b64(("ana:" + mixed(B62, 14)).encode()), "encoded")}";\nssl_certificate_key {N("/etc/nginx/tls.key", "path")};\n    user ana insecure-password {S(mixed(B62, 14), "haproxy")}\n'


@context("txt")
def network_devices():
    return f"snmp-server user ops ops v3 auth sha {S(mixed(B62, 14), 'snmp')} priv aes 128 {S(mixed(B62, 14), 'snmp')}\nset system root-authentication encrypted-password \"{S('$6$' + letters(B62, 8) + '$' + letters(B62 + './', 86), 'hash', 2)}\"\ncrypto isakmp key {S(mixed(B62, 16), 'isakmp')} address 10.0.0.1\n ppp chap password 0 {S(mixed(B62, 12), 'device')}\nset psk-secret \"{S(mixed(B62, 20), 'device')}\"\nneighbor 10.0.0.1 password {S(mixed(B62, 16), 'device')}\n"


@context("txt")
def wifi():
    return f"network={{\n\tssid=\"home\"\n\tpsk=\"{S(password())}\"\n}}\n802-11-wireless-security.psk:           {short()}\nSecurity key           : Present\n    Key Content            : {S(mixed(B62, 14), 'wlan')}\nwpa_passphrase={short()}\n"


@context("json")
def vscode_and_claude():
    return json_pretty({"mcpServers": {"gh": {"command": "npx", "args": ["-y", "server", "--token", S(mixed(B62, 40))], "env": {"GITHUB_PERSONAL_ACCESS_TOKEN": S(github(), "github"), "DEBUG": "1"}}}, "http.proxyAuthorization": None, "sqltools.connections": [{"server": "db", "username": "sa", "password": S(password())}], "oauthAccount": {"accountUuid": N(guid(), "uuid")}, "primaryApiKey": S("sk-ant-api03-" + letters(URL, 93) + "AA", "anthropic")})


@context("txt")
def k8s_tools():
    return f"$ argocd admin initial-password -n argocd\n{S(mixed(B62, 16), 'command-answer')}\n\n This password must be only used for first time login.\n$ kubeadm token create --print-join-command\nkubeadm join 10.0.0.1:6443 --token {S(letters('0123456789abcdefghijklmnopqrstuvwxyz', 6) + '.' + letters('0123456789abcdefghijklmnopqrstuvwxyz', 16))} --discovery-token-ca-cert-hash sha256:{N(letters(HEX, 64), 'hash')}\n$ kubectl create token app\n{S(jwt(), 'jwt')}\n$ kubectl get secret x -o jsonpath='{{.data.password}}'\n{S(b64(mixed(B62, 16).encode()), 'command-answer')}\n"


@context("txt")
def lazydocker_env():
    return f"┌─Containers─┐┌─Env──────────────────────────┐\n│ web        ││POSTGRES_PASSWORD: {S(mixed(B62, 10))} │\n│ db         ││API_SECRET=       {S(mixed(B62, 12))} │\n└────────────┘└──────────────────────────────┘\n"


@context("txt")
def k9s_table():
    return " NAME↑              TYPE      VALUE                        AGE \n DB_PASSWORD        secret    " + S(mixed(B62, 20), "column") + "         3d  \n API_TOKEN          secret    " + S(mixed(B62, 20), "column") + "         3d  \n LOG_LEVEL          plain     " + N("production-verbose", "word") + "           3d  \n"


@context("txt")
def dotnet_secrets():
    return f"$ dotnet user-secrets list\nConnectionStrings:Default = Server=db;User Id=sa;Password={S(mixed(B62, 14))};\nStripe:SecretKey = {S('sk_test_' + letters(B62, 24), 'stripe')}\nJwt:Key = {S(mixed(B62, 40), 'jwt-key')}\nSmtp:Password = {short()}\nLogging:LogLevel = {N('Information', 'word')}\n"


@context("txt")
def laravel():
    return f"APP_KEY=base64:{S(b64(r.randbytes(32)), 'app-key')}\nAPP_URL={N('https://x.example.com', 'url')}\nDB_PASSWORD=\"{S(password())}\"\nPUSHER_APP_SECRET={S(letters(HEX, 20))}\nMAIL_PASSWORD={N('null', 'null')}\n$ php artisan passport:client\n  Client ID ....................... {N('3', 'number')}\n  Client secret ................... {S(mixed(B62, 40), 'dotted')}\n"


@context("log")
def elixir_and_erlang():
    return f'%{{host: "db", password: "{S(mixed(B62, 14))}", api_key: "{S(mixed(B62, 32))}"}}\n[username: "ana", password: "{S(mixed(B62, 14))}", port: 5432]\nconfig :app, App.Endpoint, secret_key_base: "{S(letters(B64, 64))}"\n{{password,<<"{S(mixed(B62, 14), "erlang")}">>}}\n#PID<{N("0.123.0", "pid")}>\n'


@context("log")
def clojure_and_lisp():
    return f'{{:db/password "{S(mixed(B62, 14))}", :api-key "{S(mixed(B62, 32))}"}}\n(setq auth-source-password "{S(mixed(B62, 14))}")\n(def token "{S(mixed(B62, 32))}")\n(:key {N(":enter", "keyword")})\n'


@context("log")
def swift_and_kotlin():
    return f'let apiKey = "{S(mixed(B62, 32))}"\nprivate val clientSecret: String = "{S(mixed(B62, 32))}"\nConfig(host=db, password={S(mixed(B62, 14))}, retries=3)\nOptional("{N("hello", "word")}")\nstatic let token = Token("{S(mixed(B62, 32), "call")}")\n'


@context("log")
def structured_logs():
    return f'{{"level":30,"time":1760000000000,"req":{{"headers":{{"authorization":"Bearer {S(mixed(B62, 40), "bearer")}","x-auth-token":"{S(mixed(B62, 40))}"}}}},"msg":"x"}}\nI0714 10:11:12.123 1 round.go:1] -H "Authorization: Bearer {S(mixed(B62, 40), "bearer")}" \'https://k/api\'\n<134>1 2026-07-14T10:11:12Z h app - - [auth@1 token="{S(mixed(B62, 40))}" user="ana"] ok\nCEF:0|x|y|1|1|login|3|suser=ana cs1Label=password cs1={S(mixed(B62, 14), "cef")}\n'


@context("txt")
def curl_trace():
    return f"=> Send header, 140 bytes (0x8c)\n0000: GET /v1 HTTP/1.1\n0015: Authorization: Bearer {S(mixed(B62, 24), 'bearer')}\n00a0: X-Api-Key: {S(mixed(B62, 32))}\n<= Recv header, 37 bytes (0x25)\n0000: Date: Tue, 14 Jul 2026 10:11:12 GMT\n"


@context("txt")
def mutt_and_mail():
    return f"set imap_pass = \"{S(mixed(B62, 14))}\"\nset smtp_pass=\"{S(mixed(B62, 14))}\"\naccount default\npassword {S(mixed(B62, 14), 'msmtp')}\nuser ana\nlogin ana password {S(mixed(B62, 14))}\nSubject: Your new password\n\nYour temporary password is: {S(mixed(B62, 10), 'said')}\nYour verification code is {N('123456', 'code')}.\n"


@context("txt")
def markdown_notes():
    return f"- **password:** `{S(mixed(B62, 14), 'markdown')}`\n- API key: `{S(mixed(B62, 32), 'markdown')}`\n* token → {S(mixed(B62, 32), 'arrow')}\n\n    export TOKEN={S(mixed(B62, 32))}\n\nThe secret lives in `{N('prod/db/password', 'path')}`; see `{N('rotate-token.sh', 'file')}`.\n"


@context("csv")
def password_managers():
    return "name,url,username,password,note\n" + "".join(f"x{i},https://x{i}.example.com,ana,{S(mixed(B62 + '!#', 14), 'column')},\n" for i in range(3)) + "\nurl;login;secret\n" + "".join(f"https://y{i};ana;{S(mixed(B62, 14), 'column')}\n" for i in range(2))


@context("txt")
def cloud_clis():
    return f"$ doctl auth token\n{S('dop_v1_' + letters(HEX, 64), 'doctl')}\n$ flyctl secrets set API_TOKEN={S(mixed(B62, 32))}\n$ scw iam api-key create\nAccessKey  {N('SCW' + letters('ABCDEFGHJKLMNPQRSTUVWXYZ', 17), 'access-key')}\nSecretKey  {S(guid(), 'uuid-token')}\n$ ibmcloud iam api-key-create x\nAPI Key       {S(mixed(URL, 44), 'row')}\nCreated At    2026-07-14T10:11+0000\n$ wrangler secret put TOKEN <<< {S(mixed(B62, 32), 'here-string')}\n$ aws secretsmanager get-random-password --output text\n{S(mixed(B62 + '!#%', 32), 'command-answer')}\n"


@context("xml")
def soap_and_config():
    return f'<wsse:UsernameToken><wsse:Username>ana</wsse:Username><wsse:Password Type="http://docs.oasis-open.org/wss#PasswordText">{S(mixed(B62, 14), "wsse")}</wsse:Password></wsse:UsernameToken>\n<machineKey validationKey="{S(letters("0123456789ABCDEF", 128), "machine-key")}" decryptionKey="{S(letters("0123456789ABCDEF", 64))}" validation="SHA1"/>\n<bean><property name="password" value="{S(mixed(B62, 14))}"/></bean>\n<entry key="secret">{S(mixed(B62, 14))}</entry>\n'


@context("txt")
def benign_code():
    return f'import {{ TokenService }} from "{N("./services/tokenService", "path")}";\nthis.token = {N("response.data.access_token", "code")};\nconst secretName = "{N("prod/payments/stripe", "name")}";\npassword: z.string().{N("min(8)", "code")},\nkey={{{N("item.tokenId", "code")}}}\ntoken_cls = {N("AccessTokenModel", "type")}\n"token": "{N("string", "type")}"\ntoken: {N("keyof", "type")} typeof TOKENS\nassert token == "{N("token-value", "fixture")}"\nsecretRef: "{N("my-app-secret", "name")}"\n<input id="{N("password_confirmation", "id")}" type="password">\n#define SECRET_KEY_SIZE {N("32", "number")}\nEXPECTED_TOKEN = "{N("TOKEN_PLACEHOLDER", "fixture")}"\n| `token` | {N("string", "type")} | The token to use |\n'
