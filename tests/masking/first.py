"""What texts with known secrets are made of, and the first set of them."""
import base64, json, random, re, uuid, zlib

B62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
B64 = B62 + "+/"
URL = B62 + "-_"
HEX = "0123456789abcdef"
NOUNS = "otter badger heron lynx marmot newt osprey puffin quail raccoon stoat tapir urchin vole walrus yak zebra".split()
ADJ = "brisk calm daring eager fuzzy gentle humble icy jolly keen lucky merry noble proud quiet rapid sunny tidy".split()
r = random.Random()


def letters(alphabet, n):
    return "".join(r.choice(alphabet) for _ in range(n))


def mixed(alphabet, n):
    """With a capital, a small letter and a digit."""
    while True:
        text = letters(alphabet, n)
        if re.search("[A-Z]", text) and re.search("[a-z]", text) and re.search("[0-9]", text):
            return text


def b64(data):
    return base64.b64encode(data).decode()


def b64u(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def password():
    kind = r.randrange(6)
    if kind == 0:
        return r.choice(ADJ).capitalize() + r.choice(NOUNS).capitalize() + str(r.randrange(10, 9999))
    if kind == 1:
        return r.choice(NOUNS) + r.choice("!@$%") + str(r.randrange(100, 9999))
    if kind == 2:
        return "-".join(r.choice(ADJ + NOUNS) for _ in range(4))
    if kind == 3:
        return mixed(B62, r.randrange(10, 26))
    if kind == 4:
        return mixed(B62 + "!@^*_+-~.", r.randrange(12, 24))
    return r.choice(NOUNS) + str(r.randrange(1000, 99999))


def jwt():
    part = lambda value: b64u(json.dumps(value, separators=(",", ":")).encode())
    return ".".join([part({"alg": "RS256", "kid": letters(B62, 8), "typ": "JWT"}),
                     part({"sub": str(r.randrange(10**9)), "aud": "api", "exp": 1800000000 + r.randrange(10**6)}),
                     b64u(r.randbytes(128))])


def crc(body):
    n, out = zlib.crc32(body.encode()), ""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    while n:
        n, rest = divmod(n, 62)
        out = digits[rest] + out
    return out.rjust(6, "0")


def github():
    body = letters(B62, 30)
    return r.choice(["ghp_", "gho_", "ghs_"]) + body + crc(body)


TOKENS = {
    "github": github, "jwt": jwt,
    "gitlab": lambda: "glpat-" + letters(URL, 20),
    "slack": lambda: f"xoxb-{r.randrange(10**10, 10**12)}-{r.randrange(10**10, 10**12)}-{letters(B62, 24)}",
    "stripe": lambda: "sk_live_" + letters(B62, 24),
    "openai": lambda: "sk-proj-" + letters(URL, 74) + "T3BlbkFJ" + letters(URL, 74),
    "anthropic": lambda: "sk-ant-api03-" + letters(URL, 93) + "AA",
    "google": lambda: "AIza" + letters(URL, 35),
    "npm": lambda: (lambda body: "npm_" + body + crc(body))(letters(B62, 30)),
    "sendgrid": lambda: "SG." + letters(URL, 22) + "." + letters(URL, 43),
    "vault": lambda: "hvs." + letters(URL, 90),
    "huggingface": lambda: "hf_" + letters(B62[:52], 34),
    "doctl": lambda: "dop_v1_" + letters(HEX, 64),
}
ENV = "DB_PASSWORD API_TOKEN SESSION_SECRET STRIPE_SECRET_KEY JWT_SIGNING_KEY SMTP_PASSWORD REDIS_PASSWORD ADMIN_PASSWORD ENCRYPTION_KEY AUTH_TOKEN CLIENT_SECRET APP_KEY WEBHOOK_SECRET".split()
CAMEL = "dbPassword apiToken clientSecret signingKey adminPassword encryptionKey authToken accessToken secretKey".split()
PLAIN_ENV = [("NODE_ENV", "production"), ("PORT", "8080"), ("LOG_LEVEL", "debug"), ("AWS_REGION", "eu-west-1"), ("HOME", "/root"),
             ("TOKEN_EXPIRY_SECONDS", "3600"), ("PASSWORD_POLICY", "strict"), ("SECRETS_DIR", "/run/secrets"), ("KEY_ID", "main-2026")]


def S(value, kind="named", tier=1):
    return f"\x01{kind}\x02{tier}\x02{value}\x03"


def N(value, kind):
    return f"\x01!{kind}\x020\x02{value}\x03"


def token():
    kind = r.choice(sorted(TOKENS))
    return S(TOKENS[kind](), kind)


def named():
    """A value that only its name gives away."""
    make = r.choice([password, lambda: mixed(B62, r.choice([24, 32, 40])), lambda: letters(HEX, r.choice([32, 40, 64])), lambda: b64(r.randbytes(32))])
    return S(make(), "named")


def value():
    return token() if r.random() < .4 else named()


def shell_value():
    text = value()
    return text


def guid():
    return str(uuid.UUID(int=r.getrandbits(128), version=4))


def sha():
    return letters(HEX, 40)


def stamp():
    return f"2026-{r.randrange(1,13):02}-{r.randrange(1,29):02}T{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}.{r.randrange(1000):03}Z"


def pem(words="RSA PRIVATE KEY", n=26):
    return S(f"-----BEGIN {words}-----\n" + "\n".join(letters(B64, 64) for _ in range(n)) + "\n" + letters(B64, 40) + f"==\n-----END {words}-----", "private-key")


C = {}


def contexts_of(of, group="plain"):
    """A decorator for the contexts of one set."""
    def context(ext):
        def note(f):
            C[f.__name__.replace("_", "-")] = (group, ext, f, of)
            return f
        return note
    return context


def bare(text):
    """Without the marks of secrets."""
    return re.sub("\x01.*?\x02.*?\x02|\x03", "", text)


context = contexts_of("first")


@context("txt")
def heroku_config():
    rows = [(name, value()) for name in r.sample(ENV, 4)] + r.sample(PLAIN_ENV, 2)
    return "=== orders-api Config Vars\n\n" + "".join(f"{name + ':':24}{text}\n" for name, text in rows)


@context("json")
def heroku_json():
    rows = [f'  "{name}": "{value()}"' for name in r.sample(ENV, 3)] + [f'  "{n}": "{v}"' for n, v in r.sample(PLAIN_ENV, 2)]
    return "{\n" + ",\n".join(rows) + "\n}\n"


@context("txt")
def kubectl_get_yaml():
    rows = "".join(f"  {k.lower().replace('_','-')}: {S(b64(password().encode()), 'k8s')}\n" for k in r.sample(ENV, 3))
    return f"apiVersion: v1\ndata:\n{rows}kind: Secret\nmetadata:\n  creationTimestamp: \"{stamp()}\"\n  name: app\n  resourceVersion: \"{r.randrange(10**6)}\"\n  uid: {N(guid(), 'uuid')}\ntype: Opaque\n"


@context("json")
def kubectl_get_json():
    rows = ",\n".join(f'        "{k.lower()}": "{S(b64(password().encode()), "k8s")}"' for k in r.sample(ENV, 3))
    return '{\n    "apiVersion": "v1",\n    "data": {\n' + rows + f'\n    }},\n    "kind": "Secret",\n    "metadata": {{\n        "name": "app",\n        "uid": "{N(guid(), "uuid")}"\n    }},\n    "type": "Opaque"\n}}\n'


@context("yaml")
def k8s_string_data():
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  username: app\n  password: {S(password())}\n  dsn: postgres://app:{S(mixed(B62, 16), 'url')}@db:5432/x\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"


@context("yaml")
def k8s_deployment_env():
    rows = "".join(f"        - name: {name}\n          value: {value()}\n" for name in r.sample(ENV, 3))
    return f"kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - image: app@sha256:{N(letters(HEX, 64), 'digest')}\n        env:\n        - name: PORT\n          value: \"8080\"\n{rows}        - name: DB_PASS\n          valueFrom:\n            secretKeyRef:\n              key: {N('db-password', 'name')}\n              name: {N('orders-db-credentials', 'name')}\n"


@context("txt")
def kubectl_describe_pod():
    rows = "".join(f"      {name}:  {value()}\n" for name in r.sample(ENV, 3))
    return f"Name:             web-{letters('bcdfghjk2456789', 10)}-{letters('bcdfghjk2456789', 5)}\nContainers:\n  web:\n    Container ID:   containerd://{N(letters(HEX, 64), 'container')}\n    Environment:\n      NODE_ENV:  production\n{rows}      DB_PASS:  {N('<set to the key ' + chr(39) + 'password' + chr(39) + ' in secret ' + chr(39) + 'db' + chr(39) + '>', 'ref')}  Optional: false\n"


@context("yaml")
def helm_get_values():
    return f"USER-SUPPLIED VALUES:\nauth:\n  existingSecret: {N('redis-auth', 'name')}\n  password: {S(password())}\n  rootPassword: {S(password())}\npostgresql:\n  postgresqlPassword: {S(password())}\nimage:\n  tag: {N(sha()[:12], 'sha')}\n"


@context("txt")
def terraform_show():
    return f'# aws_db_instance.main:\nresource "aws_db_instance" "main" {{\n    arn                 = "arn:aws:rds:eu-west-1:{r.randrange(10**11,10**12)}:db:main"\n    id                  = "{N("db-" + letters(B62.upper(), 26), "id")}"\n    password            = (sensitive value)\n    kms_key_id          = "{N(guid(), "uuid")}"\n}}\n\nresource "random_password" "x" {{\n    bcrypt_hash = (sensitive value)\n    result      = (sensitive value)\n}}\n\nOutputs:\n\napi_token = "{value()}"\nadmin_password = "{S(password())}"\n'


@context("json")
def terraform_state():
    return json_pretty({"version": 4, "serial": r.randrange(99), "lineage": N(guid(), "uuid"), "outputs": {"db_password": {"value": S(password()), "type": "string"}},
                        "resources": [{"type": "aws_iam_access_key", "instances": [{"attributes": {"id": S("AKIA" + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), "key-id", 2), "secret": S(mixed(B64, 40), "aws-secret"), "ses_smtp_password_v4": S(mixed(B64, 44), "aws-secret"), "status": "Active"}}]},
                                      {"type": "random_password", "instances": [{"attributes": {"length": 32, "result": S(mixed(B62, 32)), "special": False}}]}]})


def json_pretty(value):
    return json.dumps(value, indent=2).replace("\\u0001", "\x01").replace("\\u0002", "\x02").replace("\\u0003", "\x03") + "\n"


@context("txt")
def psql_table():
    rows = [(str(i + 1), r.choice(NOUNS), S(password()), S(mixed(B62, 32)), stamp()) for i in range(3)]
    strip = lambda t: re.sub("\x01.*?\x02.*?\x02|\x03", "", t)
    heads = ("id", "username", "password", "api_key", "created_at")
    widths = [max(len(h), *(len(strip(row[i])) for row in rows)) for i, h in enumerate(heads)]
    line = lambda cells: " " + " | ".join(c + " " * (w - len(strip(c))) for c, w in zip(cells, widths)) + "\n"
    return line(heads) + "+".join("-" * (w + 2) for w in widths) + "\n" + "".join(line(row) for row in rows) + "(3 rows)\n"


@context("txt")
def mysql_table():
    rows = [(str(i + 1), r.choice(NOUNS), S(password()), S(mixed(B62, 32))) for i in range(3)]
    strip = lambda t: re.sub("\x01.*?\x02.*?\x02|\x03", "", t)
    heads = ("id", "user", "secret_token", "password")
    widths = [max(len(h), *(len(strip(row[i])) for row in rows)) for i, h in enumerate(heads)]
    rule = "+" + "+".join("-" * (w + 2) for w in widths) + "+\n"
    line = lambda cells: "|" + "|".join(" " + c + " " * (w - len(strip(c))) + " " for c, w in zip(cells, widths)) + "|\n"
    return "mysql> select * from users;\n" + rule + line(heads) + rule + "".join(line(row) for row in rows) + rule + "3 rows in set (0.00 sec)\n"


@context("txt")
def mysql_vertical():
    out = ""
    for i in range(2):
        out += f"*************************** {i+1}. row ***************************\n          id: {i}\n        name: {r.choice(NOUNS)}\n    password: {S(password())}\n access_token: {value()}\n  token_type: {N('Bearer', 'word')}\n    checksum: {N(letters(HEX, 64), 'sha')}\n  created_at: 2026-04-01 10:11:12\n"
    return out + "2 rows in set (0.01 sec)\n"


@context("txt")
def mongo_shell():
    return f"{{\n  _id: ObjectId('{N(letters(HEX, 24), 'oid')}'),\n  user: '{r.choice(NOUNS)}',\n  passwordHash: '{S('$2b$10$' + letters(B62 + './', 53), 'hash', 2)}',\n  apiKey: '{S(mixed(B62, 32))}',\n  refreshToken: '{value()}',\n  __v: 0\n}}\n"


@context("txt")
def redis_cli():
    return f"127.0.0.1:6379> HGETALL user:{r.randrange(999)}\n 1) \"name\"\n 2) \"{r.choice(NOUNS)}\"\n 3) \"password\"\n 4) \"{S(password())}\"\n 5) \"session_token\"\n 6) \"{S(mixed(B62, 40))}\"\n127.0.0.1:6379> CONFIG GET requirepass\n1) \"requirepass\"\n2) \"{S(password())}\"\n127.0.0.1:6379> AUTH {S(password())}\nOK\n"


@context("json")
def docker_inspect():
    return json_pretty([{"Id": N(letters(HEX, 64), "container"), "Image": "sha256:" + N(letters(HEX, 64), "digest"), "Config": {"Env": ["PATH=/usr/bin"] + [f"{n}={value()}" for n in r.sample(ENV, 3)], "Cmd": ["redis-server", "--requirepass", S(mixed(B62, 20))]}}])


@context("txt")
def env_dump():
    rows = [f"{n}={value()}\n" for n in r.sample(ENV, 4)] + [f"{n}={v}\n" for n, v in PLAIN_ENV]
    r.shuffle(rows)
    return "".join(rows)


@context("txt")
def declare_export():
    rows = [f'declare -x {n}="{value()}"\n' for n in r.sample(ENV, 3)] + [f'declare -x {n}="{v}"\n' for n, v in PLAIN_ENV[:4]]
    return "".join(rows)


@context("fish")
def fish_set():
    return "".join(f"set -gx {n} {r.choice([chr(39) + value() + chr(39), value()])}\n" for n in r.sample(ENV, 3)) + "set -gx EDITOR vim\n"


@context("ps1")
def powershell():
    a, b, c = r.sample(ENV, 3)
    return f"$env:{a} = \"{value()}\"\n$Env:{b}='{value()}'\n[Environment]::SetEnvironmentVariable(\"{c}\", \"{value()}\", \"User\")\nsetx {a} \"{value()}\"\nset {b}={value()}\r\n$pass = ConvertTo-SecureString \"{S(password())}\" -AsPlainText -Force\n"


@context("log")
def journald():
    host = r.choice(NOUNS)
    return f"Jul 14 10:11:12 {host} app[{r.randrange(9999)}]: starting with password={S(password())} retries=3\nJul 14 10:11:13 {host} app[991]: token refreshed: access_token={value()} expires_in=3600\nJul 14 10:11:13 {host} systemd[1]: Started Session {r.randrange(999)} of user root.\nJul 14 10:11:14 {host} sudo: ana : TTY=pts/0 ; PWD=/home/ana ; USER=root ; COMMAND=/usr/bin/env API_TOKEN={S(mixed(B62, 32))} deploy\n"


@context("log")
def logfmt():
    return f'level=info ts={stamp()} msg="login ok" user=ana session_token={value()} trace_id={N(letters(HEX, 32), "trace")} dur=12ms\nlevel=warn msg="retry" api_key="{S(mixed(B62, 32))}" request_id={N(guid(), "uuid")}\n'


@context("log")
def json_log():
    return "".join(json.dumps({"ts": stamp(), "level": "info", "msg": "call", "requestId": N(guid(), "uuid"), r.choice(CAMEL): value()}).replace("\\u0001", "\x01").replace("\\u0002", "\x02").replace("\\u0003", "\x03") + "\n" for _ in range(3))


@context("csv")
def csv_users():
    return "id,email_hash,password,role\n" + "".join(f"{i},{N(letters(HEX, 32), 'md5')},{S(mixed(B62, 14))},admin\n" for i in range(3))


@context("csv")
def aws_access_keys_csv():
    key = "AKIA" + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
    return f"Access key ID,Secret access key\n{S(key, 'key-id', 2)},{S(mixed(B64, 40), 'aws-secret')}\n"


@context("csv")
def quoted_csv():
    return '"user","password","note"\n' + "".join(f'"{r.choice(NOUNS)}","{S(password())}","x, y"\n' for _ in range(3))


@context("tsv")
def tsv_export():
    return "id\tname\tapi_token\tregion\n" + "".join(f"{i}\t{r.choice(NOUNS)}\t{value()}\teu-west-1\n" for i in range(3))


@context("md")
def markdown_table():
    return "| variable | value |\n|---|---|\n" + "".join(f"| `{n}` | `{value()}` |\n" for n in r.sample(ENV, 3)) + "| PORT | 8080 |\n\n| service | password |\n| --- | --- |\n" + f"| db | {S(password())} |\n| cache | {S(password())} |\n"


@context("yaml")
def yaml_block():
    key = pem()
    body = key.replace("\n", "\n    ")
    return f"tls:\n  key: |\n    {body}\n  cert: |\n    -----BEGIN CERTIFICATE-----\n    {N(letters(B64, 64), 'cert')}\n    -----END CERTIFICATE-----\nadmin:\n  password: >-\n    {S(mixed(B62, 20))}\n"


@context("yaml")
def ansible():
    return f"ok: [web1] => {{\n    \"db_password\": \"{S(password())}\"\n}}\nchanged: [web1] => (item={{'name': 'app', 'password': '{S(mixed(B62, 16))}'}})\nansible_become_password: {S(password())}\nvault_password_file: {N('~/.vault_pass.txt', 'path')}\nweb1 ansible_host=10.0.0.3 ansible_user=root ansible_ssh_pass={S(mixed(B62, 14))}\n"


@context("yaml")
def compose():
    return f"services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_USER: app\n      POSTGRES_PASSWORD: {S(password())}\n      POSTGRES_PASSWORD_FILE: {N('/run/secrets/db', 'path')}\n  web:\n    environment:\n      - SECRET_KEY_BASE={S(letters(HEX, 128))}\n      - \"API_TOKEN={value()}\"\n    command: [\"--auth-token\", \"{S(mixed(B62, 24))}\"]\nsecrets:\n  db:\n    file: ./db.txt\n"


@context("netrc")
def netrc():
    return f"machine api.heroku.com\n  login ana@example.com\n  password {S(guid(), 'uuid-secret')}\nmachine github.com login ana password {token()}\nmachine ftp.example.com login x account y password {S(mixed(B62, 12))}\n"


@context("ini")
def ini_file():
    return f"[client]\nuser = root\npassword = {S(password())}\n\n[smtp]\nsmtp_pass={S(mixed(B62, 14))}\n; password = {S(password())}\n[paths]\nkey_file = {N('/etc/ssl/private/server.key', 'path')}\n"


@context("properties")
def java_properties():
    return f"spring.datasource.username=app\nspring.datasource.password={S(password())}\nspring.security.oauth2.client.registration.github.client-secret={S(letters(HEX, 40))}\njwt.secret: {S(b64(r.randbytes(48)))}\nserver.ssl.key-store-password={S(mixed(B62, 12))}\nserver.ssl.key-alias={N('orders-api', 'name')}\nserver.ssl.key-store={N('classpath:keystore.p12', 'path')}\n"


@context("php")
def php_config():
    return f"<?php\ndefine('DB_PASSWORD', '{S(password())}');\ndefine( 'AUTH_KEY',         '{S(letters(B62 + '!#$%&()*+,-./:;<=>?@[]^_{|}~ ', 64).strip())}' );\n$config['api_key'] = \"{S(mixed(B62, 32))}\";\nreturn ['password' => env('DB_PASSWORD', {N(chr(39) * 2, 'empty')}), 'secret' => '{S(mixed(B62, 30))}'];\n"


@context("go")
def go_source():
    return f'package main\n\nconst apiKey = "{S(mixed(B62, 32))}"\n\nvar (\n\tdbPassword  = "{S(password())}"\n\ttokenHeader = "{N("X-Auth-Token", "name")}"\n)\n\nfunc main() {{\n\tcfg := Config{{Token: "{value()}", Secret: os.Getenv("SECRET"), PasswordField: "{N("user_password", "name")}"}}\n\treq.Header.Set("Authorization", "Bearer {S(mixed(B62, 40), "bearer")}")\n\treq.SetBasicAuth("ana", password)\n}}\n'


@context("rs")
def rust_source():
    return f'const API_KEY: &str = "{S(mixed(B62, 32))}";\nlet password = "{S(password())}".to_string();\nlet token = parse_token(&input)?;\nlet secret: String = env::var("SECRET")?;\n.header("X-Api-Key", "{S(mixed(B62, 32))}")\nfn secret_key(&self) -> &[u8] {{ &self.key }}\n'


@context("cs")
def csharp_source():
    return f'public const string ApiKey = "{S(mixed(B62, 32))}";\nprivate readonly string _password = "{S(password())}";\nvar conn = "Server=db;Database=x;User Id=sa;Password={S(mixed(B62, 14))};Encrypt=true";\nvar secret = configuration["Auth:Secret"];\npublic string Token {{ get; set; }}\n'


@context("py")
def python_source():
    return f'SECRET_KEY = "{S("django-insecure-" + letters(B62 + "!@#$%^&*(-_=+)", 50))}"\npassword: str = "{S(password())}"\nclient = Client(api_key="{value()}", timeout=30)\nrequests.get(url, auth=("ana", "{S(password())}"))\ntoken = os.environ.get("TOKEN", "")\nparser.add_argument("--password", help="{N("the password to use", "prose")}")\nDATABASES = {{"default": {{"PASSWORD": "{S(password())}", "PORT": 5432}}}}\n'


@context("ts")
def typescript_source():
    return f"export const config = {{\n  apiKey: '{S(mixed(B62, 32))}',\n  authDomain: 'x.firebaseapp.com',\n  jwtSecret: process.env.JWT_SECRET ?? '{S(mixed(B62, 24))}',\n  password: `{S(password())}`,\n}};\ninterface Login {{ password: string; token?: string }}\nconst tokenKey = '{N('auth.token', 'name')}';\nheaders: {{ Authorization: `Bearer ${{token}}`, 'x-api-key': '{value()}' }},\n"


@context("rb")
def ruby_source():
    return f"config.secret_key_base = '{S(letters(HEX, 128))}'\nAws.config.update(credentials: Aws::Credentials.new('{S('AKIA' + letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16), 'key-id', 2)}', '{S(mixed(B64, 40), 'aws-secret')}'))\npassword: \"{S(password())}\",\n:api_token => \"{S(mixed(B62, 32))}\",\n"


@context("diff")
def git_diff():
    return f"diff --git a/config/app.yml b/config/app.yml\nindex {N(sha()[:7], 'sha')}..{N(sha()[:7], 'sha')} 100644\n--- a/config/app.yml\n+++ b/config/app.yml\n@@ -3,4 +3,4 @@ production:\n   adapter: postgresql\n-  password: {S(password())}\n+  password: {S(password())}\n+  api_token: \"{value()}\"\n   pool: 5\n"


@context("log")
def git_log():
    return "".join(f"commit {N(sha(), 'sha')}\nAuthor: Ana Lima <ana@example.com>\nDate:   Tue Jul 14 10:11:12 2026 +0200\n\n    rotate the api token, remove the old secret\n\n" for _ in range(2)) + f"remote: https://oauth2:{token()}@gitlab.example.com/x/y.git\n"


@context("txt")
def curl_verbose():
    return f"* Connected to api.example.com (10.0.0.7) port 443\n* TLSv1.3 (IN), TLS handshake, Finished (20):\n> POST /v1/login?api_key={S(mixed(B62, 32))} HTTP/2\n> Host: api.example.com\n> Authorization: Bearer {S(mixed(B62, 48), 'bearer')}\n> Cookie: session={S(mixed(B62, 40), 'cookie', 2)}; theme=dark\n> x-request-id: {N(guid(), 'uuid')}\n> \n< HTTP/2 200 \n< etag: \"{N(letters(HEX, 32), 'etag')}\"\n< set-cookie: auth_token={S(jwt(), 'jwt')}; Path=/; HttpOnly\n< x-amz-id-2: {N(b64(r.randbytes(56)), 's3-id')}\n< \n{{\"access_token\":\"{value()}\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"id\":\"{N(guid(), 'uuid')}\"}}\n"


@context("txt")
def curl_commands():
    return f"curl -u ana:{S(password())} https://x\ncurl --user 'ana:{S(mixed(B62, 14))}' https://x\ncurl -H 'X-Vault-Token: {S('hvs.' + letters(URL, 90), 'vault')}' https://v/v1/secret\ncurl -H \"PRIVATE-TOKEN: {S('glpat-' + letters(URL, 20), 'gitlab')}\" https://g\nhttp -a ana:{S(mixed(B62, 14))} GET x\nwget --password={S(mixed(B62, 14))} --user=ana ftp://x\ncurl -d 'grant_type=password&username=a&password={S(mixed(B62, 12))}' https://x\ncurl -d '{{\"user\":\"a\",\"password\":\"{S(password())}\"}}' https://x\n"


@context("txt")
def command_lines():
    return f"psql \"host=db user=app password={S(mixed(B62, 14))} dbname=x\"\nPGPASSWORD='{S(password())}' pg_dump -h db app\nmysql -uroot -p{S(mixed(B62, 12))} app\nmysqldump --password='{S(mixed(B62, 14))}' app\nmongosh 'mongodb://app:{S(mixed(B62, 14))}@db:27017/x'\nredis-cli -h r -a {S(mixed(B62, 18))} ping\nsshpass -p '{S(password())}' ssh root@h\naz login --service-principal -u {N(guid(), 'uuid')} -p {S(mixed(B62, 34))} --tenant {N(guid(), 'uuid')}\nopenssl rsa -passin pass:{S(mixed(B62, 14))} -in k.pem\nhtpasswd -b .htpasswd ana {S(mixed(B62, 12))}\nansible-playbook -e db_password={S(mixed(B62, 14))} site.yml\nhelm install x --set auth.password={S(mixed(B62, 14))},image.tag=1.2.3\nkubectl create secret generic db --from-literal=password={S(mixed(B62, 14))}\nvault kv put secret/x password={S(mixed(B62, 14))} user=a\ndocker run -e API_TOKEN={S(mixed(B62, 32))} -p 80:80 app\ngh secret set NPM_TOKEN --body {S(mixed(B62, 36))}\n"


@context("log")
def stack_trace():
    return f"Exception in thread \"main\" java.sql.SQLException: Access denied for user 'app'@'10.0.0.3' (using password: YES)\n\tat com.mysql.cj.jdbc.ConnectionImpl.connect(ConnectionImpl.java:123)\n\turl=jdbc:mysql://app:{S(mixed(B62, 14), 'url')}@db:3306/x\n\tat com.example.auth.TokenProvider.refreshToken(TokenProvider.java:88)\nCaused by: java.lang.IllegalStateException: bad credentials: {{user=app, password={S(mixed(B62, 14))}, retries=3}}\npanic: config{{Host:\"db\", Password:\"{S(password())}\", Port:5432}}\nConfig {{ user: \"app\", password: \"{S(password())}\", token: Some(\"{value()}\") }}\n"


@context("log")
def github_actions():
    return f"2026-07-14T10:11:12.1234567Z ##[group]Run deploy\n2026-07-14T10:11:12.1234567Z env:\n2026-07-14T10:11:12.1234567Z   GITHUB_TOKEN: ***\n2026-07-14T10:11:12.1234567Z   DEPLOY_TOKEN: {value()}\n2026-07-14T10:11:12.1234567Z   NODE_ENV: production\n2026-07-14T10:11:13.1234567Z ##[endgroup]\n2026-07-14T10:11:13.1234567Z Cache restored from key: {N('linux-node-' + letters(HEX, 64), 'cache')}\n2026-07-14T10:11:14.1234567Z HEAD is now at {N(sha()[:7], 'sha')} fix token refresh\n"


@context("txt")
def gcloud_az():
    return f'{{\n  "appId": "{N(guid(), "uuid")}",\n  "displayName": "azure-cli-2026",\n  "password": "{S("aB3" + str(r.randrange(10)) + "Q~" + letters(B62, 34), "azure")}",\n  "tenant": "{N(guid(), "uuid")}"\n}}\n[\n  {{\n    "keyName": "key1",\n    "permissions": "FULL",\n    "value": "{S(b64(r.randbytes(64)), "azure-storage")}"\n  }}\n]\nya29.{""}\n'.replace("ya29.\n", S("ya29.a0" + letters(URL, 150), "google") + "\n")


@context("json")
def gcp_service_account():
    key = pem("PRIVATE KEY").replace("\n", "\\n").replace("\x03", "\x03\\n")
    return '{\n  "type": "service_account",\n  "project_id": "acme",\n  "private_key_id": "' + N(sha(), "key-id-sha") + '",\n  "private_key": "' + key + '",\n  "client_email": "x@acme.iam.gserviceaccount.com",\n  "token_uri": "https://oauth2.googleapis.com/token"\n}\n'


@context("txt")
def cookies_jwt():
    return f"Cookie: _ga=GA1.2.{r.randrange(10**9)}; id_token={S(jwt(), 'jwt')}; lang=en\r\nSet-Cookie: connect.sid=s%3A{S(mixed(B62, 32) + '.' + letters(B62, 43), 'cookie', 2)}; Path=/; HttpOnly\r\nX-CSRF-Token: {S(mixed(B62, 40), 'csrf', 2)}\r\nX-Auth-Token: {S(mixed(B62, 40))}\r\n"


@context("xml")
def saml_response():
    return f'<samlp:Response ID="_{N(guid(), "uuid")}" Version="2.0"><saml:Assertion ID="_{N(letters(HEX, 40), "id")}"><ds:Signature><ds:SignatureValue>{S(b64(r.randbytes(256)), "saml")}</ds:SignatureValue><ds:X509Certificate>{N(b64(r.randbytes(300)), "cert")}</ds:X509Certificate></ds:Signature></saml:Assertion></samlp:Response>\n'


@context("txt")
def saml_post():
    return "POST /saml/acs HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nSAMLResponse=" + S(b64(b"<samlp:Response " + r.randbytes(300)).replace("+", "%2B").replace("=", "%3D").replace("/", "%2F"), "saml") + "&RelayState=x\r\n"


@context("txt")
def ssh_keys():
    return "$ cat ~/.ssh/id_ed25519\n" + pem("OPENSSH PRIVATE KEY", 6) + "\n$ cat ~/.ssh/id_ed25519.pub\nssh-ed25519 " + N("AAAAC3NzaC1lZDI1NTE5AAAAI" + letters(B64, 43), "pub") + " ana@x\nSHA256:" + N(letters(B64, 43), "fp") + "\n"


@context("asc")
def pgp_key():
    return S("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + "\n".join(letters(B64, 64) for _ in range(12)) + "\n" + letters(B64, 20) + "\n=" + letters(B64, 4) + "\n-----END PGP PRIVATE KEY BLOCK-----", "private-key") + "\n-----BEGIN PGP SIGNATURE-----\n\n" + N(letters(B64, 64), "sig") + "\n-----END PGP SIGNATURE-----\n"


@context("ppk")
def putty_key():
    lines = lambda n: "\n".join(letters(B64, 64) for _ in range(n))
    return f"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: rsa-key-20260714\nPublic-Lines: 4\n{N(lines(4), 'pub')}\nPrivate-Lines: 8\n{S(lines(8), 'private-key')}\nPrivate-MAC: {letters(HEX, 64)}\n"


@context("conf")
def wireguard():
    return f"[Interface]\nAddress = 10.8.0.2/24\nPrivateKey = {S(b64(r.randbytes(32)))}\n\n[Peer]\nPublicKey = {N(b64(r.randbytes(32)), 'pub')}\nPresharedKey = {S(b64(r.randbytes(32)))}\nEndpoint = vpn.example.com:51820\n"


@context("yaml")
def cloud_init():
    return f"#cloud-config\nusers:\n  - name: ana\n    passwd: {S('$6$' + letters(B62, 16) + '$' + letters(B62 + './', 86), 'hash', 2)}\n    ssh_authorized_keys:\n      - ssh-ed25519 {N('AAAAC3NzaC1lZDI1NTE5AAAAI' + letters(B64, 43), 'pub')} ana\nwrite_files:\n  - path: /etc/app.env\n    content: |\n      DB_PASSWORD={S(mixed(B62, 16))}\n      API_TOKEN={value()}\nchpasswd:\n  list: |\n    root:{S(mixed(B62, 14), 'chpasswd')}\n"


@context("txt")
def aws_credentials():
    key = "AKIA" + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)
    return f"[default]\naws_access_key_id = {S(key, 'key-id', 2)}\naws_secret_access_key = {S(mixed(B64, 40), 'aws-secret')}\naws_session_token = {S('IQoJb3JpZ2luX2Vj' + letters(B64, 300), 'aws-token')}\nregion = eu-west-1\n$ aws configure\nAWS Access Key ID [****************ABCD]: {S('AKIA' + letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16), 'key-id', 2)}\nAWS Secret Access Key [****************efgh]: {S(mixed(B64, 40), 'aws-secret')}\n"


@context("txt")
def aws_cli_text():
    return f"ACCESSKEY\t{S('AKIA' + letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16), 'key-id', 2)}\t2026-07-14T10:11:12+00:00\t{S(mixed(B64, 40), 'aws-secret')}\tActive\tci\nPARAMETER\tarn:aws:ssm:eu-west-1:123456789012:parameter/db\ttext\t1760000000.0\t/prod/db/password\tSecureString\t{S(password(), 'ssm')}\t3\n"


@context("yaml")
def aws_cli_yaml():
    return f"Credentials:\n  AccessKeyId: {S('ASIA' + letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16), 'key-id', 2)}\n  Expiration: '2026-07-14T10:11:12+00:00'\n  SecretAccessKey: {S(mixed(B64, 40), 'aws-secret')}\n  SessionToken: {S('FwoGZXIvYXdzE' + letters(B64, 300), 'aws-token')}\nARN: arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-{letters(B62, 6)}\nSecretString: '{S(password(), 'secret-string')}'\nVersionId: {N(guid(), 'uuid')}\n"


@context("json")
def package_lock():
    rows = [f'    "node_modules/{r.choice(NOUNS)}-{i}": {{\n      "version": "1.{i}.0",\n      "resolved": "https://registry.npmjs.org/x/-/x-1.{i}.0.tgz",\n      "integrity": "sha512-{N(b64(r.randbytes(64)), "sri")}"\n    }}' for i in range(8)]
    return '{\n  "lockfileVersion": 3,\n  "packages": {\n' + ",\n".join(rows) + "\n  }\n}\n"


@context("lock")
def cargo_lock():
    return "".join(f'[[package]]\nname = "{r.choice(NOUNS)}-token"\nversion = "1.{i}.0"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "{N(letters(HEX, 64), "sha")}"\n\n' for i in range(8))


@context("txt")
def go_sum():
    return "".join(f"github.com/{r.choice(NOUNS)}/secret-{i} v1.{i}.0 h1:{N(b64(r.randbytes(32)), 'h1')}\ngithub.com/x/token v1.{i}.0/go.mod h1:{N(b64(r.randbytes(32)), 'h1')}\n" for i in range(6))


@context("js")
def minified():
    return f'!function(e,t){{var n="{N(letters(HEX, 32), "hash")}";e.token=t.key,a.password=o.value;var secret=r(12),key=t("{N(letters(B62, 8), "chunk")}");return n.tokens.push({{type:"token",value:e,key:"{N("Enter", "word")}"}}),s.passwordInput("{N("current-password", "word")}"),u.setToken(a.b.c.token),{{key:n,token:void 0,secret:!0}}}}();//# sourceMappingURL=main.{N(letters(HEX, 20), "asset")}.js.map\n'


@context("md")
def prose_about_secrets():
    return "# Rotating the password\n\nSet `DB_PASSWORD` to the new password: it must have at least 14 characters. The token is sent in the\n`Authorization` header: `Authorization: Bearer <token>`. Never commit a secret: use `secretKeyRef`.\n\n" + f"    password: {N('<your-password>', 'placeholder')}\n    API_KEY={N('your-api-key-here', 'placeholder')}\n    token: ${{{{ secrets.{N('GITHUB_TOKEN', 'name')} }}}}\n    export TOKEN={N('$(vault read -field=token x)', 'placeholder')}\n    password={N('changeme', 'placeholder')}\n\nError: invalid token: {N('unexpected', 'prose')} character at line 3. Secret: {N('not found', 'prose')}.\n"


@context("log")
def access_log():
    return "".join(f'10.0.0.{i} - - [14/Jul/2026:10:11:12 +0000] "GET /static/app.{N(letters(HEX, 20), "asset")}.js?v={N(sha()[:8], "sha")} HTTP/1.1" 200 1234 "-" "Mozilla/5.0" "{N(guid(), "uuid")}"\n' for i in range(4)) + f'10.0.0.9 - - [14/Jul/2026:10:11:12 +0000] "GET /reset?token={S(mixed(B62, 40))}&next=/ HTTP/1.1" 302 0\n'


@context("txt")
def etags_and_ids():
    return f'ETag: "{N(letters(HEX, 32), "etag")}"\nIdempotency-Key: {N(guid(), "uuid")}\nx-amzn-requestid: {N(guid(), "uuid")}\ntraceparent: 00-{N(letters(HEX, 32), "trace")}-{letters(HEX, 16)}-01\nDigest: SHA-256={N(b64(r.randbytes(32)), "digest")}\n  "nextPageToken": "{N(b64(r.randbytes(60)), "page")}",\n  "continuationToken": "{N(b64(r.randbytes(60)), "page")}",\n  "clientToken": "{N(guid(), "uuid")}",\n  "partitionKey": "{N("user#" + str(r.randrange(999)), "key")}",\n  "sortKey": "{N("2026-07-14#order", "key")}",\n  "s3Key": "{N("reports/2026/07/data-" + letters(HEX, 8) + ".parquet", "key")}",\n  "publicKey": "{N(b64(r.randbytes(32)), "pub")}",\n  "keyId": "{N(guid(), "uuid")}"\n'


@context("txt")
def prompts():
    return f"Enter password for ana: \nPassword: {S(password())}\nNew password: {S(password())}\nLogin successful.\nVault token: {S('hvs.' + letters(URL, 90), 'vault')}\nYour API key is: {S(mixed(B62, 32))}\nToken: {value()}\nGenerated password: {S(password())}\n"


@context("txt")
def connection_strings():
    return f"DATABASE_URL=postgres://app:{S(mixed(B62, 16), 'url')}@db.internal:5432/x?sslmode=require\nDefaultEndpointsProtocol=https;AccountName=acme;AccountKey={S(b64(r.randbytes(64)))};EndpointSuffix=core.windows.net\nEndpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={S(b64(r.randbytes(32)))}\nsqlserver://sa:{S(mixed(B62, 16), 'url')}@db?database=x\nmongodb://a:{S(mixed(B62, 16), 'url')}@h1:27017,h2:27017/?replicaSet=rs\nhost=db port=5432 user=app password='{S(password())}' dbname=x\njdbc:postgresql://db/x?user=app&password={S(mixed(B62, 16))}\nsmtp://apikey:{S('SG.' + letters(URL, 22) + '.' + letters(URL, 43), 'sendgrid')}@smtp.sendgrid.net:587\n"


@context("txt")
def totp_and_mnemonics():
    words = " ".join(r.choice("abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid acoustic acquire across act".split()) for _ in range(12))
    return f"otpauth://totp/acme:ana?secret={S(letters('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 32))}&issuer=acme\nmnemonic: {S(words, 'mnemonic')}\nseed phrase: \"{S(words, 'mnemonic')}\"\nrecovery codes:\n"


@context("npmrc")
def npmrc_pip():
    return f"//registry.npmjs.org/:_authToken={S((lambda b: 'npm_' + b + crc(b))(letters(B62, 30)), 'npm')}\n//npm.pkg.github.com/:_authToken=${{NPM_TOKEN}}\n_auth={S(b64(('ana:' + mixed(B62, 14)).encode()))}\n_password={S(b64(mixed(B62, 14).encode()))}\nindex-url = https://ana:{S(mixed(B62, 16), 'url')}@pypi.example.com/simple\n[pypi]\nusername = __token__\npassword = {S('pypi-AgEIcHlwaS5vcmc' + letters(URL, 150), 'pypi')}\n"


@context("json")
def docker_config():
    return json_pretty({"auths": {"ghcr.io": {"auth": S(b64(("ana:" + github()).encode()))}, "https://index.docker.io/v1/": {"auth": S(b64(("ana:" + mixed(B62, 16)).encode()))}}, "credsStore": N("osxkeychain", "word")})


@context("yaml")
def kubeconfig():
    return f"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {N(b64(b'-----BEGIN CERTIFICATE-----' + r.randbytes(300)), 'cert')}\n    server: https://10.0.0.1:6443\nusers:\n- name: ana\n  user:\n    client-certificate-data: {N(b64(b'-----BEGIN CERTIFICATE-----' + r.randbytes(300)), 'cert')}\n    client-key-data: {S(b64(b'-----BEGIN RSA PRIVATE KEY-----' + r.randbytes(300)))}\n- name: bot\n  user:\n    token: {S(jwt(), 'jwt')}\n"


@context("txt")
def vault_output():
    return f"Key                  Value\n---                  -----\ntoken                {S('hvs.' + letters(URL, 90), 'vault')}\ntoken_accessor       {N(letters(B62, 24), 'accessor')}\ntoken_duration       768h\ntoken_renewable      true\n\n====== Data ======\nKey         Value\n---         -----\npassword    {S(password())}\nusername    app\napi_key     {S(mixed(B62, 32))}\n\nUnseal Key 1: {S(b64(r.randbytes(33)))}\nInitial Root Token: {S('hvs.' + letters(URL, 24), 'vault')}\n"


@context("txt")
def aligned_columns():
    return "NAME          SECRET                                    AGE\n" + f"web-hook      {S(mixed(B62, 32), 'column')}          3d\nci-bot        {S(mixed(B62, 32), 'column')}          12d\n"


@context("txt")
def pgpass():
    return f"db.internal:5432:app:ana:{S(mixed(B62, 16), 'pgpass')}\n*:*:*:postgres:{S(mixed(B62, 16), 'pgpass')}\n"


@context("html")
def html_page():
    return f"<input type=\"hidden\" name=\"csrf_token\" value=\"{S(mixed(B62, 40), 'csrf', 2)}\">\n<input type=\"password\" name=\"password\" value=\"\" placeholder=\"{N('Your password', 'prose')}\">\n<meta name=\"api-key\" content=\"{S(mixed(B62, 32))}\">\n<script>window.CONFIG={{apiKey:\"{S(mixed(B62, 32))}\",build:\"{N(sha(), 'sha')}\"}}</script>\n"


@context("log")
def xtrace():
    return f"+ export DB_PASSWORD={S(mixed(B62, 16))}\n+ DB_PASSWORD={S(mixed(B62, 16))}\n++ vault read -field=password x\n+ password={S(mixed(B62, 16))}\n+ curl -H 'Authorization: Bearer {S(mixed(B62, 40), 'bearer')}' https://x\n+ echo {token()}\n+ docker login -u ana --password-stdin\n+ [[ -n {S(github(), 'github')} ]]\n"


@context("txt")
def base64_wrapped():
    return f"config: {S(b64(('export GITHUB_TOKEN=' + github() + chr(10)).encode()), 'encoded')}\ndata:application/json;base64,{S(b64(json.dumps({'password': mixed(B62, 16)}).encode()), 'encoded')}\n"
