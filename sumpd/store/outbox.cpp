#include "sumpd/store/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "sumpd/core/put_rules.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/message.h"
#include "sumpd/store/new_uuid.h"
#include "sumpd/store/node_table.h"

namespace tillhost::sumpd::store {

using core::Stage;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

/// A message that keeps its number and its bytes until it is acknowledged.
struct Outbox::Frozen {
    std::int64_t no = 0;
    exchange::Uuid id{};
    std::string sha256{};
    std::int64_t bytes = 0;
    std::int64_t part_size = 0;
    std::int64_t part_count() const { return (bytes + part_size - 1) / part_size; }

    exchange::PrepareMessageResponse response() const {
        return {.message_id = id,
                .message_no = no,
                .part_count = part_count(),
                .total_bytes = bytes,
                .sha256 = sha256};
    }
};

/// One whose file is written and that no row names yet.
struct Outbox::Draft {
    Frozen message{};
    std::vector<std::string> doc_ids{};
};

namespace {

constexpr std::int64_t kPageDocuments = 50;
constexpr const char* kNoUuid = "00000000-0000-0000-0000-000000000000";

struct Candidate {
    std::int64_t place = 0;
    std::string doc_id{};
    std::string kind{};
    std::string body{};
    std::string device_id{};
    std::string device_name{};
    std::int64_t received_ms = 0;
    std::string flags{};
};

/// Documents that wait, behind a place, in the order in which they came.
Outcome<std::vector<Candidate>> waiting_behind(Transactions& transactions, std::int64_t place,
                                               std::int64_t now_ms) {
    return transactions.read<std::vector<Candidate>>(
        [&](Sql& sql) -> Outcome<std::vector<Candidate>> {
            std::vector<Candidate> found;
            for (const Row& row : sql.query(
                     "SELECT place, doc_id, document.kind, body, device_id,"
                     " coalesce(nullif(app_device.name, ''), app_device.model, ''),"
                     " received_ms, flags FROM document"
                     " LEFT JOIN app_device ON app_device.id = document.device_id"
                     // Due beyond what is ever waited: the clock was ahead.
                     " WHERE waiting = 1 AND place > :a AND (due_ms <= :b OR due_ms > :c)"
                     " ORDER BY place LIMIT :d",
                     "itttttit", {place, now_ms, now_ms + kDeferredAgainMs, kPageDocuments})) {
                found.push_back({integer(row[0]), text(row[1]), text(row[2]), text(row[3]),
                                 text(row[4]), text(row[5]), integer(row[6]), text(row[7])});
            }
            return found;
        });
}

/// Writes a message's file and knows its length and hash.
class MessageFile final {
public:
    MessageFile(os::FileWriter& to, std::int64_t bytes_max) : to_(to), bytes_max_(bytes_max) {}

    /// Whether so many bytes more may come; the first item always may.
    bool has_room(std::size_t bytes) const {
        return items_ == 0 || bytes_ + static_cast<std::int64_t>(bytes) <= bytes_max_;
    }
    Outcome<void> write(const std::string& text, bool is_item) {
        const base::Bytes bytes = base::bytes_of(text);
        sum_.add(bytes);
        bytes_ += static_cast<std::int64_t>(bytes.size());
        items_ += is_item ? 1 : 0;
        if (const auto written = to_.write(bytes); !written) {
            return tl::unexpected(fault_of(written.error()));
        }
        return {};
    }
    std::int64_t bytes() const { return bytes_; }
    std::string take_hex() { return sum_.take_hex(); }

private:
    os::FileWriter& to_;
    const std::int64_t bytes_max_;
    std::int64_t bytes_ = 0;
    std::int64_t items_ = 0;
    os::Sha256Sum sum_{};
};

Outcome<std::string> text_of(const exchange::MessageWriter& writer, const Candidate& one) {
    auto document = exchange::from_json<exchange::Document>(one.body, exchange::kAnswerBounds);
    if (!document) {
        return refuse(FaultCode::internal, fmt::format("document {} cannot be read back: {}",
                                                       one.doc_id, document.error().message));
    }
    exchange::MessageDocument item{.document = std::move(*document),
                                   .device_id = exchange::Uuid{one.device_id},
                                   .received_at = exchange::Moment{one.received_ms, 0}};
    if (!one.device_name.empty()) {
        item.device_name = one.device_name;
    }
    std::istringstream flags(one.flags);
    for (std::string flag; flags >> flag;) {
        item.flags.push_back(flag);
    }
    return writer.item(item);
}

bool asked_for(const exchange::PrepareMessage& request, const std::string& kind) {
    return request.kinds.empty() ||
           std::find(request.kinds.begin(), request.kinds.end(), kind) != request.kinds.end();
}

/// Writes the documents that wait until the message is full; gives which.
Outcome<std::vector<std::string>> write_documents(Transactions& transactions,
                                                  const exchange::PrepareMessage& request,
                                                  std::int64_t now_ms,
                                                  const exchange::MessageWriter& writer,
                                                  MessageFile& file) {
    std::vector<std::string> doc_ids;
    std::int64_t behind = 0;
    while (true) {
        const auto page = waiting_behind(transactions, behind, now_ms);
        if (!page) {
            return tl::unexpected(page.error());
        }
        for (const Candidate& one : *page) {
            behind = one.place;
            if (!asked_for(request, one.kind)) {
                continue;
            }
            const auto text_of_it = text_of(writer, one);
            if (!text_of_it) {
                return tl::unexpected(text_of_it.error());
            }
            if (static_cast<std::int64_t>(doc_ids.size()) == kOutMessageDocumentsMax ||
                !file.has_room(text_of_it->size())) {
                return doc_ids;
            }
            if (auto written = file.write(*text_of_it, true); !written) {
                return tl::unexpected(written.error());
            }
            doc_ids.push_back(one.doc_id);
        }
        if (static_cast<std::int64_t>(page->size()) < kPageDocuments) {
            return doc_ids;
        }
    }
}

}  // namespace

Outcome<exchange::PrepareMessageResponse> Outbox::prepare(const exchange::PrepareMessage& request) {
    const std::lock_guard<std::mutex> guard(freezing_);
    core::NodeState node;
    const auto frozen = acknowledged(request, node);
    if (!frozen) {
        return tl::unexpected(frozen.error());
    }
    if (*frozen) {
        return (*frozen)->response();
    }
    const auto draft = write_draft(request, node);
    if (!draft) {
        return tl::unexpected(draft.error());
    }
    if (draft->doc_ids.empty()) {
        return exchange::PrepareMessageResponse{
            .message_id = {kNoUuid}, .sha256 = os::sha256_hex({}), .empty = true};
    }
    const auto done = freeze(*draft, node);
    if (!done) {
        return tl::unexpected(done.error());
    }
    return draft->message.response();
}

/// Takes the acknowledgement; gives the message that is frozen still, if one is.
Outcome<std::optional<Outbox::Frozen>> Outbox::acknowledged(const exchange::PrepareMessage& request,
                                                            core::NodeState& node) {
    std::vector<std::string> gone;
    auto frozen = transactions_.run<std::optional<Frozen>>(
        [&](Sql& sql) -> Outcome<std::optional<Frozen>> {
            node = node_state(sql);
            if (auto right = core::check_node(node, request.node); !right) {
                return tl::unexpected(right.error());
            }
            if (auto right = core::check_ack(node, request.ack_no); !right) {
                return tl::unexpected(right.error());
            }
            gone = acknowledge(sql, node, request.ack_no, clock_.unix_ms());
            const auto row = sql.first(
                "SELECT no, id, sha256, bytes, part_size FROM out_message"
                " WHERE acked_ms = 0",
                "ittii");
            if (!row) {
                return std::optional<Frozen>();
            }
            return std::optional(Frozen{integer((*row)[0]),
                                        {text((*row)[1])},
                                        text((*row)[2]),
                                        integer((*row)[3]),
                                        integer((*row)[4])});
        },
        Need::nothing);
    if (frozen) {
        forget(gone);
    }
    return frozen;
}

void Outbox::forget(const std::vector<std::string>& message_ids) {
    for (const std::string& id : message_ids) {
        // What stays by mischance is a leftover that the next start takes away.
        [[maybe_unused]] const auto removed =
            os::remove_file(files_.out_path(PartFiles::out_name({id})));
    }
}

Outcome<Outbox::Draft> Outbox::write_draft(const exchange::PrepareMessage& request,
                                           const core::NodeState& node) {
    if (!transactions_.has_room(Need::spare)) {
        return refuse(FaultCode::disk_full, "the server's disk is nearly full");
    }
    Draft draft{
        .message = {.no = node.sent_no + 1, .id = {new_uuid()}, .part_size = request.part_size}};
    const std::string path = files_.out_path(PartFiles::out_name(draft.message.id));
    auto writer = os::FileWriter::create(path);
    if (!writer) {
        return tl::unexpected(fault_of(writer.error()));
    }
    const std::int64_t now_ms = clock_.unix_ms();
    const std::int64_t bytes_max =
        std::min(request.max_bytes.value_or(kOutMessageBytesUsual), kOutMessageBytesMax);
    MessageFile file(**writer, bytes_max);
    const exchange::MessageWriter text(request.format.value_or(exchange::MessageFormat::xml));
    const exchange::MessageHeader head{.from = server_node_,
                                       .to = node.code,
                                       .message_no = draft.message.no,
                                       .ack_no = node.received_no,
                                       .created_at = {now_ms, 0}};
    auto begun = file.write(text.head(head), false);
    auto doc_ids = begun ? write_documents(transactions_, request, now_ms, text, file)
                         : Outcome<std::vector<std::string>>(tl::unexpected(begun.error()));
    if (!doc_ids) {
        return tl::unexpected(doc_ids.error());
    }
    draft.doc_ids = std::move(*doc_ids);
    if (draft.doc_ids.empty()) {
        return draft;  // the file goes with its writer
    }
    if (auto ended = file.write(text.tail(), false); !ended) {
        return tl::unexpected(ended.error());
    }
    if (const auto finished = (*writer)->finish(); !finished) {
        return tl::unexpected(fault_of(finished.error()));
    }
    draft.message.bytes = file.bytes();
    draft.message.sha256 = file.take_hex();
    return draft;
}

/// The file is on the disk; with the row it is the message. An administrator may have handed the
/// exchange over, or accepted other numbers, while it was written: then it says what is not so.
Outcome<void> Outbox::freeze(const Draft& draft, const core::NodeState& node) {
    const Frozen& message = draft.message;
    auto done = transactions_.run<exchange::Empty>(
        [&](Sql& sql) -> Outcome<exchange::Empty> {
            const core::NodeState now = node_state(sql);
            if (now.code != node.code || now.sent_no != node.sent_no ||
                now.received_no < node.received_no) {
                return tl::unexpected(
                    exchange::Fault{.code = FaultCode::too_many,
                                    .message = "an administrator has just changed the exchange",
                                    .retry_after_ms = kBusyRetryMs});
            }
            const std::int64_t now_ms = clock_.unix_ms();
            sql.run(
                "INSERT INTO out_message VALUES (:a, :b, :c, :d, :e, :f, :g, :h, 0)",
                {message.no, message.id.text, message.sha256, message.bytes, message.part_size,
                 message.part_count(), static_cast<std::int64_t>(draft.doc_ids.size()), now_ms});
            for (const std::string& doc_id : draft.doc_ids) {
                // One that was settled while the file was written stays settled.
                sql.run(
                    "UPDATE document SET state = :a, waiting = 0, message_no = :b"
                    " WHERE doc_id = :c AND waiting = 1",
                    {static_cast<std::int64_t>(Stage::in_message), message.no, doc_id});
            }
            sql.run("UPDATE node SET sent_no = :a, last_out_ms = :b WHERE id = 1",
                    {message.no, now_ms});
            return exchange::Empty{};
        },
        Need::spare);
    if (!done) {
        forget({message.id.text});
        return tl::unexpected(done.error());
    }
    return {};
}

Outcome<exchange::GetPartResponse> Outbox::part(const exchange::GetPart& request) {
    const auto frozen = transactions_.read<Frozen>([&](Sql& sql) -> Outcome<Frozen> {
        const auto row =
            sql.first("SELECT bytes, part_size FROM out_message WHERE id = :a AND acked_ms = 0",
                      "ii", {request.message_id.text});
        if (!row) {
            return refuse(FaultCode::not_found, "no such message is frozen");
        }
        return Frozen{.bytes = integer((*row)[0]), .part_size = integer((*row)[1])};
    });
    if (!frozen) {
        return tl::unexpected(frozen.error());
    }
    if (request.part_no < 1 || request.part_no > frozen->part_count()) {
        return refuse(FaultCode::not_found,
                      fmt::format("the message has parts 1 to {}", frozen->part_count()));
    }
    auto bytes =
        os::read_file_at(files_.out_path(PartFiles::out_name(request.message_id)),
                         static_cast<std::uint64_t>((request.part_no - 1) * frozen->part_size),
                         static_cast<std::size_t>(frozen->part_size));
    if (!bytes) {
        return tl::unexpected(fault_of(bytes.error()));
    }
    exchange::GetPartResponse response{.sha256 = os::sha256_hex(*bytes),
                                       .last = request.part_no == frozen->part_count()};
    response.data = std::move(*bytes);
    return response;
}

Outcome<exchange::ConfirmMessageResponse> Outbox::confirm(const exchange::ConfirmMessage& request) {
    std::vector<std::string> gone;
    auto done = transactions_.run<exchange::ConfirmMessageResponse>(
        [&](Sql& sql) -> Outcome<exchange::ConfirmMessageResponse> {
            core::NodeState node = node_state(sql);
            if (auto right = core::check_node(node, request.node); !right) {
                return tl::unexpected(right.error());
            }
            if (request.message_no > node.sent_no) {
                return refuse(FaultCode::message_conflict,
                              fmt::format("message {} was never made here; the newest is {}",
                                          request.message_no, node.sent_no));
            }
            const std::int64_t now_ms = clock_.unix_ms();
            for (const exchange::DocumentVerdict& verdict : request.results) {
                apply_verdict(sql, verdict, request.message_no, now_ms);
            }
            gone = acknowledge(sql, node, request.message_no, now_ms);
            return exchange::ConfirmMessageResponse{node.acked_no};
        },
        Need::nothing);
    if (done) {
        forget(gone);
    }
    return done;
}

}  // namespace tillhost::sumpd::store
