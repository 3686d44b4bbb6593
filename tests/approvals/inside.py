"""An agent inside that tries to answer its own question, by every way. usage: inside.py ORDERS

ORDERS is a JSON file: where things are outside. Prints one JSON object: each way and what came of it."""

import ctypes
import errno
import fcntl
import glob
import json
import os
import socket
import subprocess
import sys
import time

orders = json.load(open(sys.argv[1]))
state, hoopctl = orders['state'], orders['hoopctl']
session = os.environ['HOOP_SESSION']
name = f'{session[-4:].lower()}-1'
LINE = b'{"request":"answer","id":1,"answer":"allow","via":"hoopctl"}\n'
libc = ctypes.CDLL(None, use_errno=True)
found = {}


def word(error):
    return errno.errorcode.get(error.errno, str(error)) if isinstance(error, OSError) else repr(error)


def talk(sock):
    sock.settimeout(5)
    sock.sendall(LINE)
    reply = json.loads(sock.makefile().readline())
    return reply['failed']['what'].split(': ', 1)[-1] if 'failed' in reply else json.dumps(reply)


def reach(path):
    """Connects at a path that may be longer than a socket's address."""
    folder = None
    if len(path) > 100:
        folder = os.open(os.path.dirname(path), os.O_PATH)
        path = f'/proc/self/fd/{folder}/{os.path.basename(path)}'
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(path)
    finally:
        if folder is not None:
            os.close(folder)
    return talk(sock)


def way(what):
    def note(trial):
        try:
            result = trial()
        except Exception as error:
            result = word(error)
        found[what] = result if result is not None else 'nothing there'
        return trial
    return note


def aside(trial):
    """What `trial` gives in a process that has lost its parent and its session."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(reader)
            while os.getppid() == orders.get('parent'):
                time.sleep(0.01)
            time.sleep(0.3)
            try:
                result = trial()
            except Exception as error:
                result = word(error)
            os.write(writer, str(result).encode())
        os._exit(0)
    os.close(writer)
    os.wait()
    return os.fdopen(reader).read()


def asking():
    """The question itself, in the background: an AWS call that is held."""
    key = f"{os.environ['AWS_ACCESS_KEY_ID']}:{os.environ['AWS_SECRET_ACCESS_KEY']}"
    call = ['curl', '-s', '--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', key, 'https://s3.us-east-1.amazonaws.com/']
    if token := os.environ.get('AWS_SESSION_TOKEN'):
        call += ['-H', f'x-amz-security-token: {token}']
    return subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_and_reach():
    """Ends the process that adopts orphans, from one, and tries at once to pass for somebody outside."""
    with open(orders['kill'], 'w') as results:
        try:
            os.kill(os.getppid(), 9)
            results.write(f'killed {os.getppid()}\n')
        except OSError as error:
            results.write(f'{word(error)}\n')
        for _ in range(200):
            try:
                results.write(reach(f'{state}/control/{session}.sock') + '\n')
            except Exception as error:
                results.write(f'{word(error)}\n')
            time.sleep(0.01)
        results.write('end\n')


asked = asking()
time.sleep(orders.get('wait', 3))
if 'kill' in orders:
    aside(kill_and_reach)
    time.sleep(60)


@way('socket')
def _():
    return reach(f'{state}/control/{session}.sock')


@way('socket listed')
def _():
    for path in glob.glob(f'{state}/control/*'):
        return reach(path)


@way('socket after a double fork')
def _():
    return aside(lambda: reach(f'{state}/control/{session}.sock'))


@way('proc root')
def _():
    results = set()
    pids = [entry for entry in os.listdir('/proc') if entry.isdigit()] + [str(orders['recorder'])]
    for pid in pids:
        try:
            results.add(reach(f'/proc/{pid}/root{state}/control/{session}.sock'))
        except OSError as error:
            results.add(word(error))
    return ' '.join(sorted(results))


@way('proc cwd of the recorder')
def _():
    return os.listdir(f"/proc/{orders['recorder']}/cwd/")[:1] and 'seen'


@way('abstract names')
def _():
    results = []
    for line in open('/proc/net/unix').read().splitlines()[1:]:
        path = line.split()[-1]
        if path.startswith('@') and ('hoop' in path.lower() or session.lower() in path.lower()):
            results.append(path)
    return ' '.join(results) or None


@way('inherited descriptors')
def _():
    results = []
    for entry in os.listdir('/proc/self/fd'):
        try:
            target = os.readlink(f'/proc/self/fd/{entry}')
        except OSError:
            continue
        if 'hoop/' in target and state in target:
            results.append(target)
        if target.startswith('socket:'):
            sock = socket.socket(fileno=os.dup(int(entry)))
            try:
                results.append(talk(sock))
            except Exception as error:
                results.append(word(error))
    return ' '.join(results) or None


def run_hoopctl():
    done = subprocess.run([hoopctl, 'approvals', 'allow', name], capture_output=True, text=True, timeout=20)
    text = (done.stdout + done.stderr).strip().splitlines()
    return f'{done.returncode} ' + ' '.join(line.strip() for line in text[:3])


@way('hoopctl')
def _():
    return run_hoopctl()


@way('hoopctl after a double fork')
def _():
    return aside(run_hoopctl)


for target in ['recorder', 'approver']:
    @way(f'ptrace {target}')
    def _():
        if libc.ptrace(0x4206, orders[target], 0, 0) < 0:
            return errno.errorcode[ctypes.get_errno()]
        return 'attached'

    @way(f'memory of {target}')
    def _():
        open(f'/proc/{orders[target]}/mem', 'r+b').close()
        return 'opened'

    @way(f'descriptors of {target}')
    def _():
        pidfd = os.pidfd_open(orders[target])
        taken = libc.syscall(438, pidfd, 0, 0)
        return 'taken' if taken >= 0 else errno.errorcode[ctypes.get_errno()]


@way('TIOCSTI')
def _():
    tty = os.open(orders['tty'], os.O_RDWR | os.O_NOCTTY)
    for c in b'a':
        fcntl.ioctl(tty, 0x5412, bytes([c]))
    return 'typed'


@way('TIOCSTI as its own session')
def _():
    def trial():
        os.setsid()
        tty = os.open(orders['tty'], os.O_RDWR)
        fcntl.ioctl(tty, 0x540e, 0)
        fcntl.ioctl(tty, 0x5412, b'a')
        return 'typed'
    return aside(trial)


@way('a socket in its place')
def _():
    os.makedirs(f'{state}/control', exist_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(f'{state}/control/x.sock')
    return 'made'


time.sleep(0.5)
found['question'] = 'waits' if asked.poll() is None else f'ended {asked.returncode}'
print('FOUND ' + json.dumps(found), flush=True)
asked.wait()
