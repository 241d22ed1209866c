#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hal/base/bytes.h"
#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::store {

/// What stands at the head of a message.
struct MessageHead {
    std::string from{};
    std::string to{};
    std::int64_t message_no = 0;
    std::int64_t ack_no = 0;
    exchange::Moment created_at{};
    bool full = false;
};

/// Takes a message item by item. A fault that it returns ends the reading with that fault.
class ItemSink {
public:
    virtual ~ItemSink() = default;
    virtual exchange::Outcome<void> head(const MessageHead& head) = 0;
    virtual exchange::Outcome<void> object(exchange::Object object) = 0;
    virtual exchange::Outcome<void> verdict(exchange::DocumentVerdict verdict) = 0;
    /// An item that is wrong by itself; kind and id as far as they could be read.
    virtual exchange::Outcome<void> wrong(exchange::JobError error) = 0;
};

/// A message that comes in pieces of any size, in any form that the contract has.
class MessageInput {
public:
    virtual ~MessageInput() = default;
    /// Faults: what the message is wrong by as a whole; the sink's.
    virtual exchange::Outcome<void> feed(base::ByteView bytes) = 0;
    /// There is no more. Faults: it is cut.
    virtual exchange::Outcome<void> finish() = 0;
};
std::unique_ptr<MessageInput> message_input(ItemSink& sink);

/// A document with what the server knows of it.
struct SentDocument {
    std::string body{};  ///< canonical JSON
    std::string device_id{};
    std::int64_t received_ms = 0;
};

/// A message as text, piece by piece.
class MessageOutput {
public:
    virtual ~MessageOutput() = default;
    virtual std::string begin(const MessageHead& head) = 0;
    /// Faults: internal (the document cannot be read back).
    virtual exchange::Outcome<std::string> item(const SentDocument& document) = 0;
    virtual std::string end() = 0;
};
std::unique_ptr<MessageOutput> message_output(exchange::MessageFormat format);

}  // namespace tillhost::sumpd::store
