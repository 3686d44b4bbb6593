"""A person in a browser: signs in as USER at URL, consents, confirms a device code. usage: browser.py USER OUT URL

OUT gets the last page's status and text. Follows redirects and forms, keeps cookies, runs no scripts."""

import http.cookiejar
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

user, out, url = sys.argv[1:4]


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


jar = http.cookiejar.CookieJar()
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar), Stay)


def ask(url, form=None):
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    try:
        answer = opener.open(urllib.request.Request(url, data=data), timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers.get("Location"), answer.read().decode()


form = None
for _ in range(25):
    status, location, page = ask(url, form)
    form = None
    if location:
        url = urllib.parse.urljoin(url, location)
        continue
    action = re.search(r'<form[^>]*action="([^"]+)"', page)
    if not action:
        break
    url = urllib.parse.urljoin(url, action[1])
    fields = re.findall(r'<input[^>]*name="([^"]+)"(?:[^>]*value="([^"]*)")?', page)
    form = dict(fields)
    if "user" in form:
        form["user"] = user
    else:
        form.setdefault("confirm", "yes")
with open(out, "w") as file:
    file.write(f"{status}\n{re.sub('<style.*?</style>|<[^>]+>', ' ', page)}")
