"""The fourth set of texts: written after the rules, measured once, and never tuned on."""
from first import *
from second import short

context = contexts_of("fourth")


@context("properties")
def gradle_signing():
    return f"storePassword={short()}\nkeyPassword={short()}\nkeyAlias={N('upload', 'name')}\nstoreFile={N('/home/ana/upload.jks', 'path')}\nsigning.password={S(mixed(B62, 14))}\nossrhToken={S(mixed(B62, 40))}\n"


@context("txt")
def fastlane():
    return f"ENV[\"FASTLANE_PASSWORD\"] = \"{S(password())}\"\nmatch(type: \"appstore\", keychain_password: \"{S(mixed(B62, 14))}\", readonly: true)\nFASTLANE_APPLE_APPLICATION_SPECIFIC_PASSWORD={S('-'.join(letters('abcdefghijklmnopqrstuvwxyz', 4) for _ in range(4)), 'app-password')}\n"


@context("ini")
def game_servers():
    return f"rcon.password={S(mixed(B62, 14))}\nenable-rcon=true\nlevel-seed={N('-4172144997902289642', 'seed')}\nrcon_password \"{S(mixed(B62, 14))}\"\nsv_password \"{S(mixed(B62, 12))}\"\nServerAdminPassword={S(mixed(B62, 14))}\n]rcon_address 10.0.0.1; rcon_password {S(mixed(B62, 14), 'console')}\n"


@context("conf")
def mosquitto():
    return f"$ mosquitto_pub -h mq -u app -P {S(mixed(B62, 14), 'cli')} -t x -m y\n$ mosquitto_passwd -b /etc/passwd app {S(mixed(B62, 14), 'cli')}\nremote_username bridge\nremote_password {S(mixed(B62, 14), 'directive')}\nallow_anonymous {N('false', 'word')}\n"


@context("conf")
def nats():
    return f"authorization {{\n  user: app\n  password: {S(mixed(B62, 16))}\n  token: \"{S(mixed(B62, 32))}\"\n  timeout: {N('0.5', 'number')}\n}}\nnats://app:{S(mixed(B62, 14), 'url')}@n:4222\n"


@context("conf")
def postfix_and_dovecot():
    return f"[smtp.example.com]:587 ana@example.com:{S(mixed(B62, 14), 'sasl')}\nana:{{PLAIN}}{S(mixed(B62, 14), 'plain')}:1000:1000::/home/ana\nconnect = host=db dbname=mail user=dovecot password={S(mixed(B62, 14))}\nldap_bind_password = {S(mixed(B62, 14))}\nsmtpd_tls_key_file = {N('/etc/ssl/mail.key', 'path')}\n"


@context("conf")
def bind_tsig():
    return f'key "ddns-key" {{\n\talgorithm hmac-sha256;\n\tsecret "{S(b64(r.randbytes(32)))}";\n}};\n$ nsupdate -y hmac-sha256:ddns-key:{S(b64(r.randbytes(32)), "tsig")}\n'


@context("ini")
def certbot_dns():
    return f"dns_cloudflare_api_token = {S(mixed(B62, 40))}\ndns_route53_propagation_seconds = {N('30', 'number')}\ndns_ovh_application_secret = {S(mixed(B62, 32))}\ndns_ovh_consumer_key = {S(mixed(B62, 32))}\n"


@context("txt")
def acme_sh():
    return f"export CF_Token=\"{S(mixed(B62, 40))}\"\nexport CF_Account_ID=\"{N(letters(HEX, 32), 'id')}\"\nSAVED_GD_Key='{S(mixed(B62, 24), 'vendor-key')}'\nSAVED_GD_Secret='{S(mixed(B62, 22))}'\n"


@context("txt")
def notebooks():
    return f"In [1]: api_key = '{S(mixed(B62, 40))}'\nIn [2]: conn.password\nOut[2]: '{S(mixed(B62, 16), 'repl')}'\n%env API_TOKEN={S(mixed(B62, 32))}\n!export HF_TOKEN={S(mixed(B62, 32))}\nIn [3]: len(df)\nOut[3]: {N('10482', 'number')}\n"


@context("txt")
def r_and_julia():
    return f"> Sys.getenv(\"DB_PASSWORD\")\n[1] \"{S(mixed(B62, 16), 'repl')}\"\nSys.setenv(API_TOKEN = \"{S(mixed(B62, 32))}\")\njulia> ENV[\"API_SECRET\"]\n\"{S(mixed(B62, 24), 'repl')}\"\ncon <- dbConnect(RPostgres::Postgres(), password = \"{S(mixed(B62, 14))}\")\n"


@context("tsv")
def spreadsheet():
    return "Service\tLogin\tPasswort\tNotiz\n" + "".join(f"s{i}\tana\t{S(mixed(B62, 14), 'column')}\tx\n" for i in range(3))


@context("csv")
def spreadsheet_quoted():
    return '"Site","User name","Pass phrase","Changed"\n' + "".join(f'"x{i}","ana","{S(mixed(B62, 16), "column")}","{N("2026-07-14", "date")}"\n' for i in range(3))


@context("txt")
def chat():
    return f"[10:11] ana: hey, what's the db password?\n[10:12] bo: {S(mixed(B62, 14), 'said')}\n[10:12] bo: the staging token is {S(mixed(B62, 32), 'said')}\n<ana> pw: {S(mixed(B62, 12), 'said')}\nana 10:13 AM\nuse `{S(mixed(B62, 16), 'said')}` as the api key\n[10:14] ana: thanks, rotating the {N('password', 'word')} tomorrow\n"


@context("txt")
def email():
    return f"Hi Bo,\nUsername: ana\nPassword: {S(mixed(B62, 12))}\nYour one-time passcode is {N('482913', 'code')}.\nYour API key has been created: {S(mixed(B62, 32), 'said')}\nPassphrase (do not share) = {S(mixed(B62, 16), 'said')}\n"


@context("yaml")
def gitlab_ci():
    return f"variables:\n  DEPLOY_TOKEN: {S(mixed(B62, 20))}\n  DB_PASS: &dbpass {S(mixed(B62, 14), 'anchor')}\n  IMAGE: {N('registry.example.com/x:1.2', 'image')}\nscript:\n  - docker login -u ci -p {S(mixed(B62, 20), 'cli')} reg\n  - curl --header \"PRIVATE-TOKEN: {S(mixed(B62, 20))}\" https://git\n"


@context("txt")
def workflow_log():
    return f"::set-output name=token::{S(mixed(B62, 32), 'output')}\n::add-mask::{S(mixed(B62, 32), 'masked')}\necho \"API_KEY={S(mixed(B62, 32))}\" >> $GITHUB_ENV\n2026-07-14T10:11:12.1Z env:\n2026-07-14T10:11:12.1Z   NPM_TOKEN: {S(mixed(B62, 36))}\n"


@context("xml")
def jenkins_xml():
    return f"<com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>\n  <username>ana</username>\n  <password>{{{S(b64(r.randbytes(32)), 'jenkins')}}}</password>\n</com.cloudbees.plugins.credentials.impl.UsernamePasswordCredentialsImpl>\n<apiToken>{S(letters(HEX, 34))}</apiToken>\n"


@context("groovy")
def jenkinsfile():
    return f"environment {{\n  SONAR_TOKEN = '{S(letters(HEX, 40))}'\n  REG = {N(chr(34) + 'reg.example.com' + chr(34), 'host')}\n}}\nsh \"sonar-scanner -Dsonar.login={S(letters(HEX, 40), 'vendor')} -Dsonar.password={S(mixed(B62, 14))}\"\n"


@context("txt")
def cli_positions():
    return f"$ smbclient //h/s -U ana%{S(mixed(B62, 14), 'cli')}\n$ 7z a -p{S(mixed(B62, 14), 'cli')} x.7z d\n$ wget --http-password {S(mixed(B62, 14), 'cli')} https://x\n$ mongosh --username ana -p {S(mixed(B62, 14), 'cli')}\n$ kubectl create secret generic x --from-literal=password={S(mixed(B62, 14), 'cli')}\n$ vault kv put secret/x password={S(mixed(B62, 14), 'cli')}\n$ heroku config:set SECRET_KEY={S(mixed(B62, 32), 'cli')}\n$ az login --service-principal -u x -p {S(mixed(B62, 34), 'cli')}\n$ docker run -p {N('8080:80', 'port')} x\n"


@context("txt")
def cli_positions_2():
    return f"$ influx setup --token {S(mixed(B62, 40), 'cli')}\n$ net rpc join -U admin%{S(mixed(B62, 14), 'cli')}\n$ ipmitool -H h -U root -P {S(mixed(B62, 14), 'cli')} power on\n$ xfreerdp /u:ana /p:{S(mixed(B62, 14), 'cli')} /v:h\n$ mc alias set m https://s3 admin {S(mixed(B62, 32), 'cli')}\n$ nmcli dev wifi connect home password {S(mixed(B62, 14), 'cli')}\n$ snmpwalk -v3 -u ops -A {S(mixed(B62, 14), 'cli')} -X {S(mixed(B62, 14), 'cli')} h\n"


@context("txt")
def mikrotik():
    return f"/user add name=ana password={S(mixed(B62, 14))} group=full\n/interface wireless security-profiles set default wpa2-pre-shared-key={S(mixed(B62, 16))}\n/ppp secret add name=vpn password=\"{S(mixed(B62, 14))}\" service=l2tp\n/ip ipsec identity add secret={S(mixed(B62, 20))} peer={N('office', 'name')}\n"


@context("conf")
def junos_and_fortinet():
    return f"set security ike policy p pre-shared-key ascii-text \"{S('$9$' + letters(B62, 24), 'device')}\"\nset psksecret ENC {S(b64(r.randbytes(48)), 'device')}\nset passwd {S(mixed(B62, 14), 'device')}\nset snmp community {S(mixed(B62, 12), 'community')} authorization read-only\n"


@context("conf")
def openvpn_ipsec():
    return f"10.0.0.1 10.0.0.2 : PSK \"{S(mixed(B62, 32), 'psk')}\"\nana : EAP \"{S(mixed(B62, 14), 'eap')}\"\nPresharedKey = {S(b64(r.randbytes(32)))}\nPublicKey = {N(b64(r.randbytes(32)), 'public')}\n"


@context("conf")
def apache_and_traefik():
    return f"SetEnv DB_PASSWORD {S(mixed(B62, 14), 'directive')}\nRequestHeader set X-Auth-Token \"{S(mixed(B62, 32), 'directive')}\"\nAuthLDAPBindPassword \"{S(mixed(B62, 14), 'directive')}\"\nAuthUserFile {N('/etc/apache2/.htpasswd', 'path')}\n    customRequestHeaders:\n      X-Api-Key: {S(mixed(B62, 32))}\n"


@context("php")
def php_configs():
    return f"$cfg['blowfish_secret'] = '{S(mixed(B62, 32))}';\ndefine('AUTH_SALT', '{S(mixed(B62 + '!#%', 64), 'wp-salt')}');\n'password' => env('DB_PASSWORD', '{S(mixed(B62, 14), 'default')}'),\n$mail->Password = '{S(mixed(B62, 14))}';\n'driver' => '{N('mysql', 'word')}',\n"


@context("rb")
def ruby_configs():
    return f"config.secret_key = '{S(letters(HEX, 128))}'\nStripe.api_key = '{S(mixed(B62, 32))}'\nclient = Twilio::REST::Client.new '{N('AC' + letters(HEX, 32), 'sid')}', auth_token: '{S(letters(HEX, 32))}'\npassword: <%= ENV.fetch(\"DB_PW\") {{ \"{S(mixed(B62, 14), 'default')}\" }} %>\n"


@context("go")
def go_and_rust_code():
    return f'cfg := Config{{User: "ana", Password: "{S(mixed(B62, 14))}", Port: 5432}}\nos.Setenv("API_TOKEN", "{S(mixed(B62, 32))}")\nlet key = SecretString::from("{S(mixed(B62, 32), "call")}");\n.with_password("{S(mixed(B62, 14), "method")}")\nclient.SetAuthToken("{S(mixed(B62, 32), "method")}")\nfmt.Println("{N("token refreshed", "text")}")\n'


@context("java")
def java_builders():
    return f'.password("{S(mixed(B62, 14), "method")}")\nprops.put("sasl.password", "{S(mixed(B62, 14))}");\n@Value("${{db.password:{S(mixed(B62, 14), "default")}}}")\nds.setPassword("{S(mixed(B62, 14), "method")}");\nnew UsernamePasswordCredentials("ana", "{S(mixed(B62, 14), "pair")}")\n@JsonProperty("{N("access_token", "name")}")\n'


@context("yaml")
def lists_of_secrets():
    return f"tokens:\n  - {S(mixed(B62, 32), 'list')}\n  - {S(mixed(B62, 32), 'list')}\npasswords: [\"{S(mixed(B62, 14), 'list')}\", \"{S(mixed(B62, 14), 'list')}\"]\nregions: [{N('eu-west-1', 'region')}]\n"


@context("json")
def json_shapes():
    return json_pretty({"api_keys": [S(mixed(B62, 32), "list"), S(mixed(B62, 32), "list")], "auth": {"type": "basic", "pass": S(mixed(B62, 14))}, "key": "db_password", "val": S(mixed(B62, 14), "pair"), "otpSeed": S(letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32), "seed"), "page_token": N(mixed(B62, 20), "position")})


@context("txt")
def minio_and_garage():
    return f"RootUser: minio\nRootPass: {S(mixed(B62, 20))}\n$ garage key create app\nKey ID: {N('GK' + letters(HEX, 24), 'id')}\nSecret key: {S(letters(HEX, 64), 'row')}\n"


@context("txt")
def key_value_tables():
    return f"| Key | Value |\n|-----|-------|\n| DB_PASSWORD | {S(mixed(B62, 14), 'cell')} |\n| LOG_LEVEL | {N('debug', 'word')} |\n\nname,value,secret\nAPI_TOKEN,{S(mixed(B62, 32), 'cell')},true\n\nAPI_TOKEN\tplain\t{S(mixed(B62, 32), 'cell')}\n"


@context("log")
def android_logcat():
    return f"07-14 10:11:12.123  1000  1001 D OkHttp  : Authorization: Bearer {S(mixed(B62, 40), 'bearer')}\n07-14 10:11:12.124 D Auth: got token={S(mixed(B62, 32))} for ana\n07-14 10:11:12.125 I Prefs: {{refreshToken={S(mixed(B62, 40))}, userId={N('42', 'number')}}}\n"


@context("txt")
def home_automation():
    return f"mqtt_password: {S(mixed(B62, 14))}\napi:\n  encryption:\n    key: \"{S(b64(r.randbytes(32)), 'esphome')}\"\nota:\n  password: \"{S(letters(HEX, 32))}\"\nap:\n  ssid: \"{N('Fallback', 'name')}\"\n  password: {S(mixed(B62, 12))}\nnetwork_key: {S(letters(HEX, 32), 'vendor-key')}\n"


@context("txt")
def typed_prompts():
    return f"Enter new password for bob: {S(mixed(B62, 12), 'typed')}\nVault token (will be shown): {S(mixed(B62, 24), 'typed')}\n? API token {S(mixed(B62, 32), 'typed')}\n✔ Access token … {S(mixed(B62, 32), 'typed')}\nContinue? [y/N] {N('yes', 'word')}\n"


@context("txt")
def benign_texts():
    return f"$ git checkout {N('fix/Token2Refresh', 'branch')}\ntoken {N('Utf8Lexer', 'type')} was seen\npassword {N('PBKDF2WithHmacSHA256', 'algorithm')} is used\n$ cat secret-names.txt\n{N('prod-db-2', 'name')}\nkey {N('RSA2048', 'algorithm')}\ncommit {N(letters(HEX, 40), 'commit')}\nsecrets: [{N('db-creds', 'name')}, {N('tls-cert', 'name')}]\nserver_key_exchange {N('ECDHE_RSA', 'algorithm')}\ntokens: [{N('IDENT', 'name')}, {N('NUMBER', 'name')}]\n"
