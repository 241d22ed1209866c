"""What devd says unasked: topics that outlive their connection, and their credit."""
from __future__ import annotations

import dataclasses
from typing import Callable, Optional

from tillhost import codec, messages
from tillhost.connection import Connection
from tillhost.errors import ConnectionLost, FieldError

#: Events of one topic that may be on their way or unread; renewed as they are read.
EVENT_CREDIT = 100

Ask = Callable[[str, object], object]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a program stands in a topic: the next event wanted. An empty one means from now on."""

    epoch: int = 0
    next_seq: int = 0


@dataclasses.dataclass(frozen=True)
class TopicEvent:
    """An event: event.body is a messages.Device, Operation, Alarm or Gap."""

    topic: str
    next: Place
    event: messages.Event


@dataclasses.dataclass
class _Followed:
    place: Place
    subscription: int = 0  # on this connection; 0 = not yet
    credit: int = 0


class Events:
    """The topics of one client."""

    def __init__(self) -> None:
        self._topics: dict[str, _Followed] = {}

    def subscribe(self, topic: str, start: Place, ask: Ask) -> None:
        self.unsubscribe(topic, ask)
        followed = _Followed(start)
        self._begin(topic, followed, ask)
        self._topics[topic] = followed

    def unsubscribe(self, topic: str, ask: Ask) -> None:
        followed = self._topics.pop(topic, None)
        if followed is not None and followed.subscription:
            ask("unsubscribe", messages.UnsubscribeRequest(subscription=followed.subscription))

    def place_of(self, topic: str) -> Optional[Place]:
        return self._topics[topic].place if topic in self._topics else None

    def connection_ended(self) -> None:
        for followed in self._topics.values():
            followed.subscription = 0

    def resume(self, ask: Ask) -> None:
        for topic, followed in self._topics.items():
            if not followed.subscription:
                self._begin(topic, followed, ask)

    def next(self, connection: Connection, until: float, ask: Ask) -> Optional[TopicEvent]:
        while True:
            body = connection.next_event(until)
            if body is None:
                return None
            try:
                event = codec.load(messages.Event, body)
            except FieldError as error:
                raise ConnectionLost("malformed", f"an event: {error.text}") from None
            for topic, followed in self._topics.items():
                if followed.subscription == event.subscription:
                    followed.place = Place(event.epoch, event.seq + 1)
                    followed.credit -= 1
                    self._renew(followed, ask)
                    return TopicEvent(topic, followed.place, event)

    @staticmethod
    def _begin(topic: str, followed: _Followed, ask: Ask) -> None:
        reply = ask("subscribe", messages.SubscribeRequest(
            topic=topic, epoch=followed.place.epoch, from_seq=followed.place.next_seq,
            credit=EVENT_CREDIT))
        followed.subscription = reply.subscription
        followed.credit = EVENT_CREDIT
        if not followed.place.epoch:
            followed.place = Place(reply.epoch, reply.next_seq)

    @staticmethod
    def _renew(followed: _Followed, ask: Ask) -> None:
        """Before the credit is used up, so that the stream does not stop."""
        if followed.credit > EVENT_CREDIT // 2:
            return
        more = EVENT_CREDIT - followed.credit
        try:
            ask("credit", messages.CreditRequest(subscription=followed.subscription, credit=more))
            followed.credit += more
        except ConnectionLost:
            followed.subscription = 0  # the next call connects anew and goes on from its place
