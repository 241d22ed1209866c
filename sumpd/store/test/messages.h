#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "sumpd/exchange/message.h"
#include "sumpd/store/test/world.h"

// Messages as an accounting system writes and reads them.
namespace tillhost::sumpd::store {

inline constexpr const char* kNode = "K1";

struct ToSend {
    std::int64_t no = 1;
    std::vector<exchange::Object> objects{};
    std::vector<exchange::DocumentVerdict> verdicts{};
    bool full = false;
    std::int64_t ack_no = 0;
    std::string garbage{};  ///< a line more
    exchange::MessageFormat format = exchange::MessageFormat::ndjson;
    std::uint64_t id = 0;  ///< 0: of its number
    exchange::Uuid uuid() const {
        return uuid_of(id != 0 ? id : 0xa000 + static_cast<std::uint64_t>(no));
    }
};

inline std::string text_of(const ToSend& message) {
    const exchange::MessageWriter writer(message.format);
    std::string text = writer.head({.from = kNode,
                                    .to = "S",
                                    .message_no = message.no,
                                    .ack_no = message.ack_no,
                                    .created_at = {1'780'000'000'000, 180},
                                    .full = message.full});
    for (const exchange::Object& object : message.objects) {
        text += writer.item(object);
    }
    for (const exchange::DocumentVerdict& verdict : message.verdicts) {
        text += writer.item(verdict);
    }
    return text + message.garbage + writer.tail();
}

inline std::string sha_of(const std::string& text) { return os::sha256_hex(base::bytes_of(text)); }

/// Sends the parts; gives the commit that belongs to them.
inline exchange::CommitMessage put_parts(Exchange& to, const ToSend& message,
                                         std::int64_t parts = 4) {
    const std::string text = text_of(message);
    const std::size_t part_size = text.size() / static_cast<std::size_t>(parts) + 1;
    exchange::CommitMessage commit{.node = kNode,
                                   .message_id = message.uuid(),
                                   .message_no = message.no,
                                   .ack_no = message.ack_no,
                                   .sha256 = sha_of(text),
                                   .full = message.full};
    for (std::size_t at = 0; at < text.size(); at += part_size) {
        const std::string part = text.substr(at, part_size);
        ++commit.part_count;
        const auto put =
            to.put_part({message.uuid(), commit.part_count, sha_of(part), base::bytes_of(part)});
        EXPECT_TRUE(put) << put.error().message;
    }
    return commit;
}

inline exchange::GetJobResponse end_of(Exchange& from, const std::string& job_id) {
    while (true) {
        const auto job = from.job({job_id, exchange::kWaitMsMax});
        if (!job || job->state == exchange::JobState::done ||
            job->state == exchange::JobState::failed) {
            EXPECT_TRUE(job);
            return job.value_or(exchange::GetJobResponse{});
        }
    }
}

inline exchange::GetJobResponse send(Exchange& to, const ToSend& message) {
    const auto committed = to.commit(put_parts(to, message));
    EXPECT_TRUE(committed) << committed.error().message;
    return committed ? end_of(to, committed->job_id) : exchange::GetJobResponse{};
}

/// The whole frozen message, part by part, against what was said of it.
inline std::string fetch(Exchange& from, const exchange::PrepareMessageResponse& prepared) {
    std::string text;
    for (std::int64_t no = 1; no <= prepared.part_count; ++no) {
        const auto part = from.part({prepared.message_id, no});
        EXPECT_TRUE(part);
        if (!part) {
            return text;
        }
        EXPECT_EQ(part->last, no == prepared.part_count);
        EXPECT_EQ(part->sha256, os::sha256_hex(part->data));
        text += base::string_of(part->data);
    }
    EXPECT_EQ(sha_of(text), prepared.sha256);
    EXPECT_EQ(static_cast<std::int64_t>(text.size()), prepared.total_bytes);
    return text;
}

/// Keeps the documents of a message.
class DocumentsIn final : public exchange::MessageEvents {
public:
    std::optional<exchange::Fault> header(const exchange::MessageHeader& header) override {
        head = header;
        return std::nullopt;
    }
    std::optional<exchange::Fault> object(std::int64_t, exchange::Object) override {
        return unexpected();
    }
    std::optional<exchange::Fault> document(std::int64_t, exchange::MessageDocument one) override {
        documents.push_back(std::move(one));
        return std::nullopt;
    }
    std::optional<exchange::Fault> verdict(std::int64_t, exchange::DocumentVerdict) override {
        return unexpected();
    }
    std::optional<exchange::Fault> refused(exchange::RefusedItem) override { return unexpected(); }

    exchange::MessageHeader head;
    std::vector<exchange::MessageDocument> documents;

private:
    static exchange::Fault unexpected() { return {.message = "only documents go that way"}; }
};

inline DocumentsIn read_message(const std::string& text) {
    DocumentsIn in;
    exchange::MessageReader reader(in);
    EXPECT_FALSE(reader.feed(text));
    EXPECT_FALSE(reader.finish());
    return in;
}

/// DocIds in a message, in order.
inline std::vector<std::string> doc_ids_in(const std::string& text) {
    std::vector<std::string> ids;
    for (const exchange::MessageDocument& one : read_message(text).documents) {
        ids.push_back(one.document.doc_id.text);
    }
    return ids;
}

inline exchange::PrepareMessage prepare_request(std::int64_t ack_no = 0) {
    return {.node = kNode,
            .ack_no = ack_no,
            .part_size = exchange::kPartBytesMin,
            .format = exchange::MessageFormat::ndjson};
}

}  // namespace tillhost::sumpd::store
