"""An accounting system for tests. It keeps what a real one keeps: the numbers of both directions
and the documents that it has booked; a kill of it is to go on from a copy of these."""
from __future__ import annotations

import hashlib
import json
import time
import uuid

from shop import NODE, Lost, Refused, Server, moment

PART = 64 * 1024
JOB_MAX = 120.0  # seconds
TRIES_MAX = 200


def good(goods_id: str, price: str = "100.00") -> list[dict]:
    return [
        {"kind": "Goods", "id": goods_id, "deleted": False, "body": {"goods": {
            "code": goods_id, "name": f"Товар {goods_id}", "unit": "796", "vat": "vat20",
            "type": "piece"}}},
        {"kind": "Price", "id": f"retail/{goods_id}", "deleted": False, "body": {"price": {
            "typeId": "retail", "goods": {"goodsId": goods_id}, "value": price}}},
    ]


def user(user_id: str, login: str, password: str, role: str = "cashier", **more) -> dict:
    return {"kind": "User", "id": user_id, "deleted": False, "body": {"user": {
        "name": login, "login": login, "roleId": role, "enabled": True, "password": password,
        **more}}}


def role(role_id: str, *permissions: str) -> dict:
    return {"kind": "Role", "id": role_id, "deleted": False, "body": {"role": {
        "name": role_id, "permission": [{"name": each, "value": "true"} for each in permissions]}}}


class Accounting:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.line = server.accounting_line()
        self.sent_no = 0       # of messages to sumpd, applied there
        self.received_no = 0   # of messages from sumpd, booked here
        self.booked: dict[str, dict] = {}
        self.doubled: list[str] = []

    def status(self) -> dict:
        return self.line.ask("GET", f"/v1/erp/status?node={NODE}")

    def ask(self, method: str, path: str, record: dict | None = None) -> dict:
        """Repeats what got no answer, as any client of the contract may."""
        for _ in range(TRIES_MAX):
            try:
                return self.line.ask(method, path, record)
            except Lost:
                time.sleep(0.05)
            except Refused as refused:
                if not refused.fault.get("retryable"):
                    raise
                time.sleep(0.05)
        raise AssertionError("no answer")

    # --- to sumpd

    def message(self, objects: list[dict], number: int, full: bool = False) -> bytes:
        head = {"sumpMessage": {"from": NODE, "to": "sumpd", "messageNo": number,
                                "ackNo": self.received_no, "createdAt": moment(),
                                "format": "1.0", "full": full}}
        lines = [head, *({"object": each} for each in objects)]
        return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines).encode()

    def send(self, objects: list[dict], full: bool = False) -> dict:
        """Sends a message and waits until it is applied; repeated under the same id until it is."""
        number = self.sent_no + 1
        data = self.message(objects, number, full)
        job = self.carry(str(uuid.uuid4()), number, data, full)
        self.sent_no = number
        return job

    def carry(self, message_id: str, number: int, data: bytes, full: bool = False) -> dict:
        parts = [data[at:at + PART] for at in range(0, len(data), PART)]
        for at, part in enumerate(parts, 1):
            self.put_part(message_id, at, part)
        commit = {"node": NODE, "messageNo": number, "ackNo": self.received_no,
                  "partCount": len(parts), "sha256": hashlib.sha256(data).hexdigest(),
                  "full": full}
        end = time.monotonic() + JOB_MAX
        while True:
            told = self.ask("POST", f"/v1/erp/inbox/{message_id}/commit", commit)
            job = self.ask("GET", f"/v1/erp/jobs/{told['jobId']}?waitMs=2000")
            if job["state"] in ("done", "failed"):
                return job
            assert time.monotonic() < end, job

    def put_part(self, message_id: str, number: int, part: bytes) -> None:
        for _ in range(TRIES_MAX):
            try:
                answer = self.line.call("PUT", f"/v1/erp/inbox/{message_id}/parts/{number}", part)
            except Lost:
                time.sleep(0.05)
                continue
            if answer.status != 200:
                raise Refused(answer.status, answer.json())
            return
        raise AssertionError("no answer")

    # --- from sumpd

    def fetch(self, reject: set[str] | None = None) -> int:
        """Takes one message and books its documents; their number. 0: nothing waits."""
        told = self.ask("POST", "/v1/erp/outbox/prepare", {
            "node": NODE, "ackNo": self.received_no, "partSize": PART, "format": "ndjson"})
        if told["empty"]:
            return 0
        data = b""
        for number in range(1, told["partCount"] + 1):
            data += self.part(told["messageId"], number)
        assert hashlib.sha256(data).hexdigest() == told["sha256"]
        documents = self.documents(data, told["messageNo"])
        results = []
        if told["messageNo"] > self.received_no:
            results = self.book(documents, reject or set())
            self.received_no = told["messageNo"]
        self.ask("POST", "/v1/erp/outbox/confirm", {
            "node": NODE, "messageNo": told["messageNo"], "result": results})
        return len(documents)

    def part(self, message_id: str, number: int) -> bytes:
        for _ in range(TRIES_MAX):
            try:
                answer = self.line.call("GET", f"/v1/erp/outbox/{message_id}/parts/{number}")
            except Lost:
                time.sleep(0.05)
                continue
            assert answer.status == 200, answer.body
            assert hashlib.sha256(answer.body).hexdigest() == answer.headers["X-Content-Sha256"]
            return answer.body
        raise AssertionError("no answer")

    def documents(self, data: bytes, number: int) -> list[dict]:
        lines = [json.loads(line) for line in data.decode().splitlines()]
        assert lines[0]["sumpMessage"]["messageNo"] == number
        return [line["document"] for line in lines[1:]]

    def book(self, documents: list[dict], reject: set[str]) -> list[dict]:
        results = []
        for document in documents:
            doc_id = document["docId"]
            if doc_id in reject:
                results.append({"docId": doc_id, "status": "rejected", "error": "не то"})
                continue
            if doc_id in self.booked:
                self.doubled.append(doc_id)
            self.booked[doc_id] = document
            results.append({"docId": doc_id, "status": "accepted",
                            "erpNumber": f"РТ-{len(self.booked)}"})
        return results

    def fetch_all(self) -> None:
        while self.fetch():
            pass
