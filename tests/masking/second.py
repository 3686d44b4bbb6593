"""The second set of texts: columns that only blanks align, dumps of objects, consoles, exports, nested encodings."""
import base64, json, urllib.parse

from first import *

context = contexts_of("second")
WORDS = "abandon ability able about above absent absorb abstract absurd abuse access accident account accuse achieve acid acoustic acquire across act".split()


def columns(rows, gap=3):
    """Rows aligned by blanks; the last column is not padded."""
    widths = [max(len(bare(row[i])) for row in rows) for i in range(len(rows[0]))]
    return "".join("".join(cell + " " * (w + gap - len(bare(cell))) for cell, w in zip(row, widths)).rstrip(" ") + "\n" for row in rows)


def short():
    """A value that only its place gives away, on one line and without blanks."""
    return S(r.choice([password, lambda: mixed(B62, r.choice([16, 24, 32])), lambda: letters(HEX, 40)])(), "named")


def aws_key():
    return S("ASIA" + letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), "key-id", 2), S(mixed(B64, 40), "aws-secret"), S("IQoJb3JpZ2luX2Vj" + letters(B64, 320), "aws-token")


@context("txt")
def columns_of_users():
    return columns([("NAME", "PASSWORD", "ROLE", "AGE")] + [(r.choice(NOUNS), short(), r.choice(["admin", "reader"]), f"{r.randrange(99)}d") for _ in range(4)])


@context("txt")
def columns_of_tokens():
    return "$ svc tokens list\n" + columns([("ID", "OWNER", "TOKEN", "EXPIRES")] + [(str(i), r.choice(NOUNS), value(), "2026-08-01") for i in range(4)])


@context("txt")
def columns_at_the_end():
    return columns([("HOST", "PORT", "USER", "API KEY")] + [(f"{r.choice(NOUNS)}.internal", "5432", "app", S(mixed(B62, 32))) for _ in range(3)], 2)


@context("txt")
def columns_without_secrets():
    return columns([("NAME", "TYPE", "DATA", "AGE")] + [(N(f"{r.choice(NOUNS)}-token-{letters('bcdfghjk2456789', 5)}", "name"), "kubernetes.io/service-account-token", "3", "12d") for _ in range(3)]) + columns([("SECRET", "NAMESPACE", "KEYS")] + [(N(f"{r.choice(NOUNS)}-credentials", "name"), "prod", "2") for _ in range(3)]) + columns([("IMAGE ID", "TAG", "SIZE")] + [(N(letters(HEX, 12), "image"), "v1.2.3", "12MB") for _ in range(3)])


@context("txt")
def sudo_stdin():
    return f"$ echo {S(password())} | sudo -S apt-get update\n$ echo '{S(mixed(B62, 14))}' | sudo -S -k true\n$ printf '%s\\n' '{S(mixed(B62, 14))}' | docker login -u ana --password-stdin reg.example.com\n$ echo \"{S(password())}\" | passwd --stdin ana\n$ echo {S(mixed(B62, 16))} | kinit ana@EXAMPLE.COM\n$ sudo -S ls <<< '{S(mixed(B62, 14))}'\n$ echo {N('deploying-release-2026', 'word')} | tee log.txt\n"


@context("txt")
def redis_session():
    return f"127.0.0.1:6379> AUTH {S(password())}\nOK\n127.0.0.1:6379> auth default {S(mixed(B62, 20))}\nOK\n127.0.0.1:6379> CONFIG GET requirepass\n1) \"requirepass\"\n2) \"{S(password())}\"\n127.0.0.1:6379> CONFIG SET requirepass {S(mixed(B62, 20))}\nOK\n127.0.0.1:6379> ACL SETUSER worker on >{S(mixed(B62, 20))} ~* +@all\nOK\n127.0.0.1:6379> GET {N('session:' + letters(HEX, 24), 'key')}\n(nil)\n"


@context("txt")
def mnemonics():
    phrase = lambda n: " ".join(r.choice(WORDS) for _ in range(n))
    return f"Your recovery phrase: {S(phrase(12), 'mnemonic')}\nMNEMONIC=\"{S(phrase(24), 'mnemonic')}\"\n{{\"mnemonic\": \"{S(phrase(12), 'mnemonic')}\", \"path\": \"m/44'/60'/0'/0\"}}\nSecret Recovery Phrase\n{S(phrase(12), 'mnemonic')}\n"


@context("txt")
def saml_on_the_wire():
    body = b64(b"<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_" + letters(HEX, 32).encode() + b"\">" + r.randbytes(300))
    return f'<form method="post" action="https://sp/acs"><input type="hidden" name="SAMLResponse" value="{S(body, "saml")}"/><input type="hidden" name="RelayState" value="x"/></form>\nlocation: https://sp/acs?SAMLResponse={S(urllib.parse.quote(body, safe=""), "saml")}&RelayState=x\n{{"samlAssertion": "{S(body, "saml")}"}}\naws sts assume-role-with-saml --role-arn arn:aws:iam::123456789012:role/x --saml-assertion {S(body, "saml")}\n'


@context("txt")
def base64_by_hand():
    pair = f"ana:{mixed(B62, 14)}"
    return f"$ echo '{S(b64(password().encode()), 'encoded')}' | base64 -d\n{S(mixed(B62, 18), 'decoded')}\nAuthorization: Basic {S(b64(pair.encode()), 'encoded')}\nenvironment: {S(b64(('DB_PASSWORD=' + mixed(B62, 18) + chr(10) + 'PORT=1' + chr(10)).encode()), 'encoded')}\nuserData: {S(b64(('#!/bin/bash' + chr(10) + 'export API_TOKEN=' + mixed(B62, 32) + chr(10)).encode()), 'encoded')}\nicon: {N(b64(bytes([137, 80, 78, 71, 13, 10, 26, 10]) + r.randbytes(90)), 'image')}\n"


@context("txt")
def kerberos():
    return f"$ klist -K -e -k /etc/krb5.keytab\nKVNO Principal\n---- ----------\n   2 host/web.example.com@EXAMPLE.COM (aes256-cts-hmac-sha1-96)  (0x{S(letters(HEX, 64), 'keytab')})\nktutil:  addent -password -p ana -k 1 -e aes256-cts\nPassword for ana@EXAMPLE.COM: \nroot:1103:aad3b435b51404eeaad3b435b51404ee:{S(letters(HEX, 32), 'ntlm')}:::\n"


@context("txt")
def cookies_many():
    return f"Cookie: lang=en; sessionid={S(mixed(B62, 32), 'cookie', 2)}; csrftoken={S(mixed(B62, 32), 'cookie', 2)}\nSet-Cookie: JSESSIONID={S(mixed(HEX.upper() + B62, 32), 'cookie', 2)}; Path=/; Secure; HttpOnly\n# Netscape HTTP Cookie File\n.example.com\tTRUE\t/\tTRUE\t1800000000\tsession_token\t{S(mixed(B62, 40), 'cookie', 2)}\n"


@context("ini")
def ini_with_blanks():
    return f"[database]\n    host      =  db.internal\n    password  =  {short()}\n[mail]\nuser: smtp\nsecret  :  {short()}\n[options]\nkeyring = {N('/etc/apt/keyrings/x.gpg', 'path')}\n"


@context("xml")
def mysql_xml():
    return f'<?xml version="1.0"?>\n<resultset statement="select * from users" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n  <row>\n\t<field name="id">1</field>\n\t<field name="user">{r.choice(NOUNS)}</field>\n\t<field name="password">{short()}</field>\n\t<field name="api_token">{value()}</field>\n  </row>\n</resultset>\n'


@context("txt")
def psql_expanded():
    out = ""
    for i in range(2):
        out += f"-[ RECORD {i + 1} ]-+---------------------------------\nid           | {i}\nusername     | {r.choice(NOUNS)}\npassword     | {short()}\naccess_token | {value()}\ncreated_at   | 2026-04-01 10:11:12\n"
    return out + "\n"


@context("txt")
def psql_unaligned():
    return "id|user|password|active\n" + "".join(f"{i}|{r.choice(NOUNS)}|{short()}|t\n" for i in range(3)) + "(3 rows)\n"


@context("txt")
def export_credentials():
    (a, b, c), (d, e, f), (g, h, i), (j, k, l) = aws_key(), aws_key(), aws_key(), aws_key()
    return f'{{\n  "Version": 1,\n  "AccessKeyId": "{a}",\n  "SecretAccessKey": "{b}",\n  "SessionToken": "{c}",\n  "Expiration": "2026-07-14T10:11:12+00:00"\n}}\nexport AWS_ACCESS_KEY_ID={d}\nexport AWS_SECRET_ACCESS_KEY={e}\nexport AWS_SESSION_TOKEN={f}\n$Env:AWS_ACCESS_KEY_ID="{g}"\n$Env:AWS_SECRET_ACCESS_KEY="{h}"\n$Env:AWS_SESSION_TOKEN="{i}"\nset AWS_ACCESS_KEY_ID={j}\nset AWS_SECRET_ACCESS_KEY={k}\nset AWS_SESSION_TOKEN={l}\n'


@context("txt")
def terraform_plan():
    return f'  # aws_db_instance.main will be updated in-place\n  ~ resource "aws_db_instance" "main" {{\n        id       = "main"\n      ~ password = "{S(mixed(B62, 18))}" -> "{S(mixed(B62, 18))}"\n      ~ username = "app" -> "app2"\n    }}\n  + resource "aws_ssm_parameter" "p" {{\n      + name  = "/prod/db"\n      + type  = "SecureString"\n      + value = "{S(mixed(B62, 18), "ssm")}"\n    }}\n  - api_token = "{value()}" -> null\n      + secret_string = (sensitive value)\n      + key_id = (known after apply)\n'


@context("tfvars")
def tfvars():
    return f'region      = "eu-west-1"\ndb_password = "{short()}"\napi_tokens = {{\n  github = "{S(github(), "github")}"\n  backend = "{S(mixed(B62, 32), "nested-name")}"\n}}\nadmin_password = <<EOT\n{S(mixed(B62, 18))}\nEOT\nkey_name = "{N("deploy-key-2026", "name")}"\n'


@context("txt")
def ansible_verbose():
    return f'changed: [web1] => {{"changed": true, "cmd": ["mysql", "-uroot", "-p{S(mixed(B62, 14))}", "-e", "select 1"], "invocation": {{"module_args": {{"login_password": "{S(mixed(B62, 14))}", "name": "app", "password": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "token": null}}}}, "rc": 0}}\nfatal: [web2]: FAILED! => {{"msg": "AnsibleUndefinedVariable", "vault_token": "{value()}"}}\nTASK [set password] ****\n'


@context("yaml")
def compose_config():
    return f"services:\n  web:\n    environment:\n      DJANGO_SECRET_KEY: '{S(letters(B62 + '!@#%^&*(-_=+)', 50))}'\n      DATABASE_URL: mysql2://root:{S(mixed(B62, 16), 'url')}@db/x\n      SENTRY_AUTH_TOKEN: {value()}\n    labels:\n      traefik.http.middlewares.auth.basicauth.users: ana:{S('$2y$05$' + letters(B62 + './', 53), 'hash', 2)}\n    networks:\n      default: null\n"


@context("yaml")
def helm_values():
    return f"auth:\n  enablePostgresUser: true\n  postgresPassword: {short()}\n  secretKeys:\n    adminPasswordKey: {N('postgres-password', 'name')}\n  existingSecret: \"\"\nsmtp:\n  pass: {S(mixed(B62, 16))}\nextraEnv:\n- name: API_SECRET\n  value: \"{short()}\"\n- {{name: AUTH_TOKEN, value: {short()}}}\n"


@context("txt")
def systemd():
    return f"Environment=PATH=/usr/bin \"API_TOKEN={short()}\" DB_PASSWORD={short()}\nExecStart={{ path=/usr/bin/app ; argv[]=/usr/bin/app --token {S(mixed(B62, 32))} --port 80 ; ignore_errors=no }}\nLANG=C.UTF-8\nSMTP_PASSWORD={short()}\nXDG_RUNTIME_DIR=/run/user/0\n"


@context("txt")
def journal_export():
    return f"__CURSOR=s={N(letters(HEX, 32), 'cursor')};i=1a;b={letters(HEX, 32)}\n_MACHINE_ID={N(letters(HEX, 32), 'machine')}\n_BOOT_ID={N(letters(HEX, 32), 'boot')}\nMESSAGE=connecting with password={short()} to db\n_CMDLINE=/usr/bin/app --api-key {S(mixed(B62, 32))}\nSYSLOG_IDENTIFIER=app\n\n"


@context("json")
def cloudwatch_nested():
    inner = json.dumps({"level": "info", "event": {"apiKey": "\x04", "user": "ana"}})
    one, two = inner.split("\x04") if "\x04" in inner else inner.split("\\u0004")
    esc = lambda t: json.dumps(t)[1:-1]
    return '{"events": [{"timestamp": 1760000000000, "message": "' + esc(one) + S(mixed(B62, 32)) + esc(two) + f'\\n", "eventId": "{N(letters("0123456789", 56), "event")}"}}, {{"message": "START RequestId: {N(guid(), "uuid")} Version: $LATEST\\n"}}, {{"message": "{{\\"password\\":\\"{S(mixed(B62, 14))}\\"}}"}}]}}\n'


@context("ipynb")
def notebook():
    return '{\n "cells": [\n  {\n   "cell_type": "code",\n   "outputs": [\n    {\n     "name": "stdout",\n     "text": [\n      "token = ' + S(mixed(B62, 40)) + '\\n",\n      "{\'password\': \'' + S(mixed(B62, 16)) + '\', \'user\': \'ana\'}\\n"\n     ]\n    }\n   ],\n   "source": [\n    "import os\\n",\n    "os.environ[\\"API_KEY\\"] = \\"' + value() + '\\"\\n",\n    "client = Client(token=\'' + S(mixed(B62, 32)) + '\')"\n   ]\n  }\n ],\n "metadata": {"kernelspec": {"name": "python3"}, "id": "' + N(letters(HEX, 8), "id") + '"}\n}\n'


@context("har")
def har():
    return json_pretty({"log": {"entries": [{"request": {"method": "POST", "url": f"https://x/login?token={S(mixed(B62, 32))}", "headers": [{"name": "Authorization", "value": "Bearer " + S(mixed(B62, 40), "bearer")}, {"name": "X-Api-Key", "value": S(mixed(B62, 32))}, {"name": "Cookie", "value": "sid=" + S(mixed(B62, 40), "cookie", 2)}, {"name": "ETag", "value": N(letters(HEX, 32), "etag")}],
        "postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "password", "value": S(mixed(B62, 14))}], "text": f"user=a&password={S(mixed(B62, 14))}"}}, "response": {"cookies": [{"name": "session", "value": S(mixed(B62, 40), "cookie", 2)}]}}]}})


@context("json")
def postman():
    return json_pretty({"auth": {"type": "bearer", "bearer": [{"key": "token", "value": S(mixed(B62, 40)), "type": "string"}]}, "item": [{"request": {"auth": {"type": "basic", "basic": [{"key": "username", "value": "ana", "type": "string"}, {"key": "password", "value": S(password()), "type": "string"}]}, "header": [{"key": "x-api-key", "value": S(mixed(B62, 32)), "type": "text"}]}}], "variable": [{"key": "access_token", "value": value(), "enabled": True}, {"id": N(guid(), "uuid"), "key": "base", "value": "https://x"}]})


@context("diff")
def env_diff():
    return f"diff --git a/.env.production b/.env.production\nindex {N(sha()[:7], 'sha')}..{N(sha()[:7], 'sha')} 100644\n--- a/.env.production\n+++ b/.env.production\n@@ -1,4 +1,4 @@\n NODE_ENV=production\n-SESSION_SECRET={short()}\n+SESSION_SECRET=\"{short()}\"\n-export MAIL_PASSWORD='{short()}'\n+export MAIL_PASSWORD='{short()}'\n"


@context("log")
def actions_log():
    t = "2026-07-14T10:11:12.1234567Z "
    return f"{t}##[group]Run npm publish\n{t}  with:\n{t}    token: ***\n{t}  env:\n{t}    NODE_AUTH_TOKEN: {value()}\n{t}    DEPLOY_KEY: {short()}\n{t}##[endgroup]\n{t}npm notice integrity: sha512-{N(b64(r.randbytes(64)), 'sri')}\n{t}::set-output name=token::{S(mixed(B62, 40), 'workflow')}\n{t}echo \"api_key={short()}\" >> $GITHUB_OUTPUT\n"


@context("log")
def jenkins():
    return f"[Pipeline] withEnv\n[Pipeline] sh\n+ docker login -u ci -p {S(mixed(B62, 16))} reg.example.com\n+ ./gradlew publish -PnexusPassword={S(mixed(B62, 16))} -Dsonar.login={S(letters(HEX, 40), 'sonar')}\n+ mvn deploy -Dgpg.passphrase={S(mixed(B62, 16))}\n+ export NPM_TOKEN={value()}\n[Pipeline] // sh\nFinished: SUCCESS\n"


@context("txt")
def curl_two():
    return f"* [HTTP/2] [1] [:authority: api.example.com]\n* [HTTP/2] [1] [:path: /v1/me?access_token={S(mixed(B62, 40))}]\n* [HTTP/2] [1] [authorization: Bearer {S(mixed(B62, 40), 'bearer')}]\n* [HTTP/2] [1] [x-api-key: {S(mixed(B62, 32))}]\n* [HTTP/2] [1] [user-agent: curl/8.5.0]\n> GET /v1/me HTTP/2\n> x-auth-token: {S(mixed(B62, 40))}\n< set-cookie: refresh_token={S(mixed(B62, 60), 'cookie', 2)}; HttpOnly\n< x-csrf-token: {S(mixed(B62, 40), 'csrf', 2)}\n< content-security-policy: script-src 'nonce-{N(letters(B64, 22), 'nonce')}'\n"


@context("txt")
def openssl_client():
    return f"SSL-Session:\n    Protocol  : TLSv1.2\n    Cipher    : ECDHE-RSA-AES256-GCM-SHA384\n    Session-ID: {N(letters(HEX.upper(), 64), 'session-id')}\n    Session-ID-ctx: \n    Master-Key: {S(letters('0123456789ABCDEF', 96), 'master-key')}\n    PSK identity: None\n    Start Time: 1760000000\nCLIENT_RANDOM {N(letters(HEX, 64), 'random')} {S(letters(HEX, 96), 'keylog')}\n"


@context("txt")
def vault_cli():
    return columns([("Key", "Value"), ("---", "-----"), ("token", S("hvs." + letters(URL, 90), "vault")), ("token_accessor", N(letters(B62, 24), "accessor")), ("token_policies", '["default"]')], 4) + "\n" + columns([("Key", "Value"), ("---", "-----"), ("lease_id", N("database/creds/app/" + letters(B62, 24), "lease")), ("lease_duration", "1h"), ("password", S("A1a-" + mixed(B62, 16))), ("username", "v-token-app-" + letters(B62, 20).lower())], 4) + f"\nUnseal Key 1: {S(b64(r.randbytes(33)))}\nUnseal Key 2: {S(b64(r.randbytes(33)))}\nInitial Root Token: {S('hvs.' + letters(URL, 24), 'vault')}\n" + columns([("access_key", aws_key()[0]), ("secret_key", S(mixed(B64, 40), "aws-secret")), ("security_token", N("<nil>", "nil"))], 4)


@context("txt")
def onepassword():
    return f"ID:          {N(letters('abcdefghijklmnopqrstuvwxyz234567', 26), 'id')}\nTitle:       prod db\nCategory:    LOGIN\nFields:\n  username:    ana\n  password:    {short()}\n  credential:  {short()}\n  notesPlain:  rotate soon\n"


@context("txt")
def token_commands():
    return f"$ gh auth token\n{S(github(), 'github')}\n$ gcloud auth print-access-token\n{S('ya29.a0' + letters(URL, 150), 'google')}\n$ az account get-access-token\n{{\n  \"accessToken\": \"{S(jwt(), 'jwt')}\",\n  \"expiresOn\": \"2026-07-14 10:11:12.000000\",\n  \"subscription\": \"{N(guid(), 'uuid')}\",\n  \"tokenType\": \"Bearer\"\n}}\n$ heroku auth:token\n{S(guid(), 'command-answer')}\n$ vault print token\n{S('hvs.' + letters(URL, 24), 'vault')}\n$ pass show prod/db\n{S(mixed(B62, 18), 'command-answer')}\n$ openssl rand -base64 32\n{S(b64(r.randbytes(32)), 'command-answer')}\n$ pwgen -s 24 1\n{S(mixed(B62, 24), 'command-answer')}\n"


@context("txt")
def stripe_cli():
    return f"> Ready! You are using Stripe API Version [2026-04-10]. Your webhook signing secret is {S('whsec_' + letters(HEX, 64), 'stripe')} (^C to quit)\ntest_mode_api_key = '{S('rk_test_' + letters(B62, 99), 'stripe')}'\ntest_mode_pub_key = '{N('pk_test_' + letters(B62, 99), 'public')}'\n"


@context("ini")
def package_managers():
    return f"[global]\nindex-url = https://ana:{S(mixed(B62, 16), 'url')}@pypi.example.com/simple\n; userconfig /root/.npmrc\n//npm.example.com/:_authToken = \"{S(mixed(B62, 36))}\" \n//npm.example.com/:_password = (protected)\nnpmAuthToken: {S(mixed(B62, 36))}\n[http-basic.repo]\nusername = \"ana\"\npassword = \"{S(mixed(B62, 16))}\"\n:machine rubygems\n:rubygems_api_key: {S('rubygems_' + letters(HEX, 48), 'rubygems')}\n[registry]\ntoken = \"{S('cio' + letters(B62, 32), 'crates')}\"\n"


@context("xml")
def maven_settings():
    return f"<settings>\n  <servers>\n    <server>\n      <id>nexus</id>\n      <username>ci</username>\n      <password>{short()}</password>\n    </server>\n    <server><id>x</id><privateKey>{N('${user.home}/.ssh/id_rsa', 'variable')}</privateKey><passphrase>{short()}</passphrase></server>\n  </servers>\n</settings>\n"


@context("properties")
def gradle_properties():
    return f"org.gradle.jvmargs=-Xmx2g\nsigning.keyId={N(letters(HEX.upper(), 8), 'key-id')}\nsigning.password={short()}\nossrhPassword={short()}\nlong.secret=\\\n    {S(mixed(B62, 40), 'continued')}\ndb.password = {short()[:-1]}\x03\n"


@context("yaml")
def sops():
    return f"db_password: {N('ENC[AES256_GCM,data:' + letters(B64, 24) + ',iv:' + letters(B64, 43) + '=,tag:' + letters(B64, 22) + '==,type:str]', 'encrypted')}\nsops:\n    kms: []\n    age:\n        - recipient: {N('age1' + letters('qpzry9x8gf2tvdw0s3jn54khce6mua7l', 58), 'recipient')}\n    lastmodified: \"2026-07-14T10:11:12Z\"\n    mac: {N('ENC[AES256_GCM,data:' + letters(B64, 80) + ',type:str]', 'encrypted')}\n"


@context("log")
def python_trace():
    return f"Traceback (most recent call last):\n  File \"/app/db.py\", line 12, in connect\n    conn = psycopg2.connect(host=\"db\", password=\"{S(mixed(B62, 14))}\")\npsycopg2.OperationalError: could not connect\n  locals: {{'self': <app.Db object at 0x7f{N(letters(HEX, 10), 'address')}>, 'password': '{S(mixed(B62, 14))}', 'api_key': b'{S(mixed(B62, 32))}', 'timeout': 30}}\nSettings(db_host='db', db_password='{S(mixed(B62, 14))}', token=SecretStr('**********'), auth=Auth(user='ana', secret='{S(mixed(B62, 24))}'))\nUser(name='ana', token='{value()}', key={N('None', 'none')})\n"


@context("log")
def printed_structs():
    return f"2026/07/14 10:11:12 config: {{Host:db Port:5432 User:app Password:{S(mixed(B62, 14))} SSLMode:disable}}\n&{{Endpoint:https://x AccessToken:{S(mixed(B62, 40))} Retries:3}}\nmap[api_key:{S(mixed(B62, 32))} region:eu-west-1]\nmain.Config{{Host:\"db\", Password:\"{S(mixed(B62, 14))}\", Tokens:[]string{{\"{S(mixed(B62, 32), 'list')}\"}}}}\nConfig {{\n    host: \"db\",\n    password: \"{S(mixed(B62, 14))}\",\n    api_key: Some(\n        \"{S(mixed(B62, 32), 'nested-some')}\",\n    ),\n}}\n"


@context("log")
def java_to_string():
    return f"DataSource(url=jdbc:postgresql://db/x, username=app, password={S(mixed(B62, 14))}, poolSize=10)\nCredentials[user=ana, password={S(mixed(B62, 14))}]\nHikariConfig - jdbcUrl.........................jdbc:mysql://db/x\nHikariConfig - password........................{S(mixed(B62, 14), 'dotted')}\nHikariConfig - poolName........................\"main\"\nOAuthToken{{accessToken='{S(mixed(B62, 40))}', expiresIn=3600}}\nUser@{N(letters(HEX, 8), 'address')}\n"


@context("txt")
def php_dumps():
    return f"Array\n(\n    [host] => db\n    [password] => {S(mixed(B62, 14))}\n    [api_key] => {S(mixed(B62, 32))}\n    [port] => 3306\n)\narray(2) {{\n  [\"user\"]=>\n  string(3) \"ana\"\n  [\"password\"]=>\n  string(14) \"{S(mixed(B62, 14), 'var-dump')}\"\n}}\n"


@context("txt")
def ruby_inspect():
    return f"=> #<User id: 1, name: \"ana\", encrypted_password: \"{S('$2a$12$' + letters(B62 + './', 53), 'hash', 2)}\", api_token: \"{S(mixed(B62, 32))}\", created_at: \"2026-07-14\">\n=> {{:host=>\"db\", :password=>\"{S(mixed(B62, 14))}\", \"secret_key\"=>\"{S(mixed(B62, 40))}\"}}\n=> {{host: \"db\", password: \"{S(mixed(B62, 14))}\"}}\n"


@context("yaml")
def yaml_scalars():
    return f"app:\n  secret_key: |\n    {S(mixed(B62, 40))}\n  token: >-\n    {S(mixed(B62, 40))}\n  \"password\": '{S(password())}'\n  api_key: !!str {S(mixed(B62, 32), 'tagged')}\n  ? client_secret\n  : {S(mixed(B62, 32), 'explicit')}\n  anchors: &pw\n    password: &p {S(mixed(B62, 16), 'anchor')}\n  again: *p\n"


@context("txt")
def windows():
    return f"C:\\> set\r\nAPI_TOKEN={short()}\r\nCOMPUTERNAME=WIN-{N(letters(B62.upper()[:26], 8), 'host')}\r\nDB_PASSWORD={short()}\r\nPATHEXT=.COM;.EXE\r\nPS C:\\> Get-Item Env:*TOKEN*\r\n\r\nName                           Value\r\n----                           -----\r\nAPI_TOKEN                      {short()}\r\nNODE_ENV                       production\r\n"


@context("txt")
def powershell_lists():
    return f"\r\nUserName : ana\r\nPassword : {S(mixed(B62, 16))}\r\nDomain   : EXAMPLE\r\n\r\nKeyName Value                                                                                    Permissions\r\n------- -----                                                                                    -----------\r\nkey1    {S(b64(r.randbytes(64)), 'key-column')} FULL\r\n\r\nUser     Password         Enabled\r\n----     --------         -------\r\nana      {S(mixed(B62, 16), 'column')} True\r\nbo       {S(mixed(B62, 16), 'column')} False\r\n"


@context("sql")
def sql_dump():
    return f"INSERT INTO `accounts` (`id`, `email`, `api_token`) VALUES (1,'a@example.com','{S(mixed(B62, 32))}'),(2,'b@example.com','{S(mixed(B62, 32))}');\nCREATE USER app WITH PASSWORD '{S(password())}';\nALTER ROLE app WITH LOGIN ENCRYPTED PASSWORD '{S('SCRAM-SHA-256$4096:' + letters(B64, 22) + '==$' + letters(B64, 43) + '=:' + letters(B64, 43) + '=', 'hash', 2)}';\nGRANT ALL ON *.* TO 'app'@'%' IDENTIFIED BY '{S(password())}';\nSET PASSWORD FOR 'app' = '{S(mixed(B62, 14))}';\nCREATE TABLE t (password varchar(255) DEFAULT {N(chr(39) + 'unset' + chr(39), 'default')});\nCOPY users (id, name, password) FROM stdin;\n1\tana\t{S(mixed(B62, 16), 'copy')}\n2\tbo\t{S(mixed(B62, 16), 'copy')}\n\\.\n"


@context("ldif")
def ldif():
    return f"dn: uid=ana,ou=people,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: ana\nuserPassword:: {S(b64(('{SSHA}' + letters(B64, 32)).encode()), 'ldif')}\nuserPassword: {S('{SSHA}' + letters(B64, 38) + '==', 'ldif')}\nsambaNTPassword: {S(letters('0123456789ABCDEF', 32))}\nentryUUID: {N(guid(), 'uuid')}\n"


@context("xml")
def xml_attributes():
    return f'<Resource name="jdbc/x" username="app" password="{short()}" maxTotal="20"/>\n<add key="ApiSecret" value="{short()}"/>\n<add name="Db" connectionString="Server=db;User Id=sa;Password={S(mixed(B62, 14))};Encrypt=True" />\n<user name="tomcat" password="{short()}" roles="manager-gui"/>\n<string name="api_key">{S(mixed(B62, 32))}</string>\n<string name="password_hint">{N("Your password", "prose")}</string>\n<setting name="Token" serializeAs="String">\n  <value>{S(mixed(B62, 32), "setting")}</value>\n</setting>\n'


@context("json5")
def json_five():
    return f"{{\n  // settings\n  host: 'db',\n  password: '{S(password())}',\n  'api-key': \"{S(mixed(B62, 32))}\",\n  tokens: ['{S(mixed(B62, 32), 'list')}', '{S(github(), 'github')}'],\n  tokenizer: '{N('cl100k_base', 'name')}',\n}}\n"


@context("toml")
def toml_multiline():
    return f"[app]\npassword = '''{S(mixed(B62, 18))}'''\nsecret = \"\"\"\n{S(mixed(B62, 40), 'multi-line')}\"\"\"\ntoken = \"{value()}\"\n[app.keys]\nsigning_key = \"{S(letters(HEX, 64))}\"\nkeys_dir = \"{N('/etc/keys', 'path')}\"\n"


@context("txt")
def forms():
    return f"grant_type=client_credentials&client_id=app&client_secret={S(urllib.parse.quote(mixed(B62 + '+/=', 32), safe=''))}\nusername=ana&password={S('P%40ss' + mixed(B62, 10))}&remember=1\n--boundary{letters(HEX, 12)}\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{S(mixed(B62, 14), 'multipart')}\r\n--boundary\r\n"


@context("txt")
def folded_jwt():
    token = jwt()
    cut = [token[i:i + 76] for i in range(0, len(token), 76)]
    return f"id_token: {S((chr(10) + '  ').join(cut), 'jwt-folded')}\n\nand whole {S(jwt(), 'jwt')} here\n"


@context("txt")
def ssh_and_gpg():
    return f"$ ssh-keygen -t ed25519 -N '{S(mixed(B62, 14))}' -f k\nYour public key has been saved in k.pub\nThe key fingerprint is:\nSHA256:{N(letters(B64, 43), 'fingerprint')} ana@x\n$ gpg --armor --export-secret-keys ana\n" + S("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + "\n".join(letters(B64, 64) for _ in range(8)) + "\n=" + letters(B64, 4) + "\n-----END PGP PRIVATE KEY BLOCK-----", "private-key") + f"\nsec   ed25519 2026-07-14 [SC]\n      {N(letters('0123456789ABCDEF', 40), 'fingerprint')}\n"


@context("txt")
def wg_show():
    return f"$ wg genkey\n{S(b64(r.randbytes(32)), 'command-answer')}\n$ wg show wg0 private-key\n{S(b64(r.randbytes(32)), 'command-answer')}\n[Interface]\nPrivateKey={S(b64(r.randbytes(32)))}\n[Peer]\nPublicKey={N(b64(r.randbytes(32)), 'pub')}\nPresharedKey={S(b64(r.randbytes(32)))}\ninterface: wg0\n  public key: {N(b64(r.randbytes(32)), 'pub')}\n  private key: (hidden)\n"


@context("txt")
def tui_boxes():
    return f"╭─ Secrets ────────────────────╮\n│ DB_PASSWORD   {S(mixed(B62, 14))} │\n│ API_TOKEN     {S(mixed(B62, 32))} │\n╰──────────────────────────────╯\n┌──────────┬──────────────────┐\n│ user     │ password         │\n├──────────┼──────────────────┤\n│ ana      │ {S(mixed(B62, 16), 'column')} │\n│ bo       │ {S(mixed(B62, 16), 'column')} │\n└──────────┴──────────────────┘\n"


@context("rs")
def code_without_secrets():
    names = ["BatchGetSecretValue", "GetSecretValue", "AuthorizationToken", "passwordField", "token_endpoint_auth_method"]
    return "".join(f'    ("{r.choice(["secret", "token", "password"])}", "{N(name, "identifier")}"),\n' for name in names) + f'let token = {N("tokens.next().unwrap()", "code")};\nif password.len() < {N("MIN_LENGTH", "code")} {{\nassert_eq!(secret, {N("expected_secret", "code")});\nself.token = {N("Some(token.clone())", "code")};\npub secret_key: {N("Vec<u8>", "type")},\nkey_name = "{N("tokenEndpointAuthMethod", "identifier")}"\nSECRET_PREFIX = "{N("secret-prefix", "name")}"\ntoken_url: "{N("https://x/token", "url")}"\npassword_reset_token_generator = {N("PasswordResetTokenGenerator()", "code")}\nconst tokenType = "{N("access_token", "name")}";\nexport type TokenKind = "{N("refreshToken", "name")}" | "idToken";\n'
