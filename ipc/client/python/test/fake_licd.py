"""A licence server that does what a test wants, over a real socket in a thread of its own."""
import threading

import msgpack
import zmq
import zmq.auth

from tillhost import codec
from tillhost import messages as m

SALT, NONCE, SERVER_KEY = bytes([7]) * 16, bytes([9]) * 32, bytes([3]) * 32
KEY = "4410-0093-7721"
LEASE_MS, GRACE_MS = 600_000, 900_000


class FakeLicd:
    """Attributes may be set while it runs. What it has lent it remembers over a restart."""

    def __init__(self, endpoint, curve=None):
        self.endpoint, self.curve = endpoint, curve
        self.seats, self.refuses, self.ends, self.renews, self.code = 1, [], None, True, None
        self.loses_answer = False
        self.leases, self.kinds, self.hello, self.used = {}, [], None, 0
        self.last_number = 0
        self.start()

    def start(self):
        self._context = zmq.Context()
        self._router = self._context.socket(zmq.ROUTER)
        self._router.setsockopt(zmq.LINGER, 0)
        if self.curve:
            self._router.curve_server = True
            self._router.curve_secretkey = self.curve[1]
        self._router.bind(self.endpoint)
        self.address = self._router.getsockopt_string(zmq.LAST_ENDPOINT).removeprefix("tcp://")
        if self.curve:
            self.endpoint = f"tcp://{self.address}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()
        self._router.close()
        self._context.term()

    def _run(self):
        while not self._stop.is_set():
            if self._router.poll(20):
                peer, payload = self._router.recv_multipart()
                request = msgpack.unpackb(payload)
                reply = {"v": 1, "id": request["id"]}
                try:
                    reply["ok"] = self._answer(request["kind"], request["body"])
                except Refused as refused:
                    reply["error"] = {"code": refused.code, "reaction": refused.reaction,
                                      "effect": 1, "text": "as the test wants"}
                if not (request["kind"] == "acquire_licence" and self._lose()):
                    self._router.send_multipart([peer, msgpack.packb(reply)])

    def _lose(self):
        lost, self.loses_answer = self.loses_answer, False
        if lost:  # the connection goes with it
            self._router.close()
            self._router = self._context.socket(zmq.ROUTER)
            self._router.setsockopt(zmq.LINGER, 0)
            self._router.bind(self.endpoint)
        return lost

    def _answer(self, kind, body):
        self.kinds.append(kind)
        request = codec.load(m.REQUESTS[kind][0], body)
        return getattr(self, f"_{kind}")(request)

    def _licence_hello(self, request):
        self.hello = request
        return codec.dump(m.LicenceHelloReply(
            session=len(self.kinds), server="server", server_key=SERVER_KEY, beat_ms=60_000,
            code_salt=SALT, code_nonce=NONCE))

    def _acquire_licence(self, request):
        if self.refuses:
            raise Refused(self.refuses.pop(0))
        if self.code is not None and request.code_proof != self.code:
            raise Refused("access_code_wrong")
        if request.request_id not in self.leases:
            if len(self.leases) >= self.seats:
                if not request.wait_ms:
                    raise Refused("no_seat")
                return {"waiting": codec.dump(m.LicencePlace(place=1, seats=self.seats,
                                                             retry_in_ms=10_000))}
            self.last_number += 1
            self.leases[request.request_id] = (self.last_number, request.licence)
        return {"granted": codec.dump(m.LicenceGranted(
            lease=self._lease(*self.leases[request.request_id]),
            proof=m.LicenceProof(issuers=[], file_id="", issued="", seal="", line="",
                                 line_number=1)))}

    def _lease(self, number, licence):
        return m.LicenceLease(number=number, licence=licence, key=KEY, seat=1, generation=number,
                              time_ms=LEASE_MS, grace_ms=GRACE_MS,
                              signed_lease=m.SignedLicenceLease(text="x", signature=bytes(64)))

    def _beat_licences(self, request):
        answers, held = [], {number: licence for number, licence in self.leases.values()}
        for beat in request.leases:
            self.used = beat.used
            ended = self.ends or (None if beat.number in held else m.LicenceEnd.unknown)
            renewed = None if ended or not self.renews else self._lease(beat.number,
                                                                        held[beat.number])
            answers.append(m.LicenceBeatAnswer(number=beat.number, ended=ended, renewed=renewed))
        return codec.dump(m.BeatLicencesReply(next_beat_ms=60_000, leases=answers))

    def _release_licence(self, request):
        was_held = self.leases.pop(request.request_id, None) is not None
        return codec.dump(m.LicenceReleased(was_held=was_held))


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code
        self.reaction = 3 if code in ("retry_later", "no_seat") else 2
