"""A language model that follows a script: both APIs that agents speak, on 127.0.0.1, until standard input closes.

usage: model.py STEPS.json LOG.jsonl

STEPS.json is a list of shell commands. Each answer asks the agent to run the next one; which one that is follows from
the results that the conversation already holds, so that a repeated request gets the same answer. After the last one the
model says "all done". Every request is appended to LOG.jsonl: when it came, in microseconds since 1970, which step it
was answered with (null for one that is not about the script), its headers and its body. The first line printed is the
port.
"""
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STEPS = json.load(open(sys.argv[1]))
LOG = open(sys.argv[2], "a")
LOCK = threading.Lock()
GOODBYE = "all done"


class Anthropic:
    """The Messages API, as Claude Code uses it."""

    @staticmethod
    def step(request):
        """How many results the conversation holds; nothing where there is no shell to ask for."""
        if not any(tool["name"] == "Bash" for tool in request.get("tools", [])):
            return None
        contents = [message["content"] for message in request["messages"]]
        blocks = [block for content in contents if isinstance(content, list) for block in content]
        return sum(block["type"] == "tool_result" for block in blocks)

    @staticmethod
    def answer(request, step):
        if step is None or step >= len(STEPS):
            return Anthropic.message(request, {"type": "text", "text": GOODBYE})
        tool = {"type": "tool_use", "id": f"toolu_{step:024}", "name": "Bash"}
        tool["input"] = {"command": STEPS[step], "description": f"step {step + 1}"}
        return Anthropic.message(request, tool)

    @staticmethod
    def message(request, block):
        stop = "tool_use" if block["type"] == "tool_use" else "end_turn"
        whole = {
            "id": f"msg_{len(json.dumps(request)):024}", "type": "message", "role": "assistant",
            "model": request["model"], "content": [block], "stop_reason": stop, "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": 10},
        }
        if not request.get("stream"):
            return whole
        if block["type"] == "text":
            empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        begun = {**whole, "content": [], "stop_reason": None}
        return [
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": empty},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
             "usage": {"output_tokens": 10}},
            {"type": "message_stop"},
        ]


class OpenAI:
    """The Responses API, as Codex uses it."""

    # The tool that runs commands has had several names.
    SHELLS = {"exec_command", "shell_command", "shell"}

    @staticmethod
    def step(request):
        """How many results the conversation holds; nothing where there is no shell to ask for."""
        if not OpenAI.SHELLS & {tool.get("name") for tool in request.get("tools", [])}:
            return None
        return sum(item.get("type", "").endswith("call_output") for item in request["input"])

    @staticmethod
    def answer(request, step):
        ident = f"{step or 0:08}"
        if step is None or step >= len(STEPS):
            text = {"type": "output_text", "text": GOODBYE, "annotations": []}
            item = {"type": "message", "id": f"msg_{ident}", "role": "assistant", "content": [text]}
        else:
            name, arguments = OpenAI.shell(request["tools"], STEPS[step])
            item = {"type": "function_call", "id": f"fc_{ident}", "call_id": f"call_{ident}", "name": name}
            item["arguments"] = json.dumps(arguments)
        response = {"id": f"resp_{ident}", "object": "response", "output": [item], "status": "completed"}
        response["usage"] = {
            "input_tokens": 10, "input_tokens_details": None,
            "output_tokens": 10, "output_tokens_details": None, "total_tokens": 20,
        }
        return [
            {"type": "response.created", "response": {**response, "output": [], "status": "in_progress"}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": response},
        ]

    @staticmethod
    def shell(tools, command):
        names = {tool.get("name") for tool in tools}
        if "exec_command" in names:
            return "exec_command", {"cmd": command, "yield_time_ms": 30000}
        if "shell_command" in names:
            return "shell_command", {"command": command, "timeout_ms": 60000}
        return "shell", {"command": ["bash", "-c", command], "timeout_ms": 60000}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0]
        api = Anthropic if path.endswith("/messages") else OpenAI if path.endswith("/responses") else None
        if api is None:
            self.note(body, None)
            self.reply({"input_tokens": 10} if path.endswith("/count_tokens") else {})
            return
        request = json.loads(body)
        step = api.step(request)
        self.note(body, step)
        self.reply(api.answer(request, step))

    def do_GET(self):
        self.note(b"", None)
        self.reply({"data": [], "models": []})

    def do_HEAD(self):
        self.note(b"", None)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def reply(self, answer):
        if isinstance(answer, list):
            text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in answer)
            kind = "text/event-stream"
        else:
            text, kind = json.dumps(answer), "application/json"
        data = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def note(self, body, step):
        line = {"time": time.time_ns() // 1000, "step": step, "method": self.command, "path": self.path}
        line["headers"] = dict(self.headers)
        line["body"] = body.decode("utf-8", "replace")
        with LOCK:
            LOG.write(json.dumps(line) + "\n")
            LOG.flush()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
