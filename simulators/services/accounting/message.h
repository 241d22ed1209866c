#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "simulators/services/accounting/gzip.h"
#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::accounting {

using exchange::Value;

/// How a message is written.
struct MessageForm {
    bool xml = false;  ///< else one JSON object a line
    bool gzip = false;
    bool bom = false;  ///< of XML: a byte order mark before it
};

struct MessageHeader {
    std::string from{};
    std::string to{};
    std::int64_t message_no = 0;
    std::int64_t ack_no = 0;
    std::string created_at{};
    bool full = false;
};

/// A message that is written to a file, item by item.
class MessageFile final {
public:
    /// Errors: system_failed, storage_full.
    static base::Result<std::unique_ptr<MessageFile>> create(const std::string& path,
                                                             const MessageForm& form,
                                                             const MessageHeader& header);
    /// "object" or "result". Errors: system_failed, storage_full.
    base::Done item(std::string_view name, const Value& item);
    /// The file is on the disk. Errors: system_failed, storage_full.
    base::Done finish();

    /// Of the whole file; behind finish().
    const std::string& sha256() const { return sha256_; }
    std::int64_t bytes() const { return bytes_; }

private:
    MessageFile(const MessageForm& form, std::unique_ptr<os::FileWriter> file,
                std::unique_ptr<Gzip> gzip)
        : form_(form), file_(std::move(file)), gzip_(std::move(gzip)) {}
    base::Done put(std::string_view text, bool last);

    MessageForm form_;
    std::unique_ptr<os::FileWriter> file_;
    std::unique_ptr<Gzip> gzip_;
    std::string waiting_;  ///< text that is not in the file yet
    os::Sha256Sum sum_;
    std::string sha256_;
    std::int64_t bytes_ = 0;
};

/// A message from the shop, as it was read.
struct ShopMessage {
    std::int64_t message_no = 0;
    std::int64_t ack_no = 0;
    std::vector<Value> documents{};
};

/// Either form, not packed. Errors: malformed. Total.
base::Result<ShopMessage> read_message(std::string_view text);

}  // namespace tillhost::simulators::accounting
