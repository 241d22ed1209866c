#pragma once

#include <algorithm>
#include <string>
#include <vector>

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
    std::uint64_t id = 0;   ///< 0: of its number
    exchange::Uuid uuid() const {
        return uuid_of(id != 0 ? id : 0xa000 + static_cast<std::uint64_t>(no));
    }
};

inline std::string text_of(const ToSend& message) {
    std::string text = "{\"from\":\"K1\",\"to\":\"S\",\"messageNo\":" + std::to_string(message.no) +
                       ",\"ackNo\":" + std::to_string(message.ack_no) +
                       ",\"createdAt\":\"2026-11-27T10:00:00.000+03:00\",\"full\":" +
                       (message.full ? "true" : "false") + "}\n";
    for (const exchange::Object& object : message.objects) {
        text += "{\"object\":" + exchange::to_json(object) + "}\n";
    }
    for (const exchange::DocumentVerdict& verdict : message.verdicts) {
        text += "{\"result\":" + exchange::to_json(verdict) + "}\n";
    }
    return text + message.garbage;
}

inline std::string sha_of(const std::string& text) { return os::sha256_hex(base::bytes_of(text)); }

/// Sends the parts; gives the commit that belongs to them.
inline exchange::CommitMessage put_parts(Exchange& to, const ToSend& message,
                                         std::size_t part_size = 300) {
    const std::string text = text_of(message);
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

inline exchange::GetJobResponse send(Exchange& to, const ToSend& message,
                                     std::size_t part_size = 300) {
    const auto committed = to.commit(put_parts(to, message, part_size));
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

/// DocIds in a message of NDJSON, in order.
inline std::vector<std::string> doc_ids_in(const std::string& text) {
    const std::string name = "\"docId\":\"";
    std::vector<std::string> ids;
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
        ids.push_back(text.substr(at + name.size(), 36));
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
