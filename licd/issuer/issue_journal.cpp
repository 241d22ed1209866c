#include "licd/issuer/issue_journal.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "licd/keys/fields.h"

namespace tillhost::licd::issuer {
namespace {

constexpr unsigned kMode = 0600;  // it names serials and slots
const std::string kFirstHash(64, '0');

std::string hash_of(const std::string& former, const std::string& text) {
    return os::sha256_hex(base::bytes_of(former + "\n" + text));
}

}  // namespace

const std::string& IssueJournal::head() const {
    return records_.empty() ? kFirstHash : records_.back().hash;
}

base::Done IssueJournal::read_line(const std::string& line) {
    const std::size_t number_end = line.find(' ');
    const std::size_t hash_end = line.find(' ', number_end + 1);
    Record record{.number = records_.size() + 1, .hash = {}, .text = {}};
    if (number_end == std::string::npos || hash_end == std::string::npos ||
        line.substr(0, number_end) != std::to_string(record.number)) {
        return base::make_error(base::ErrorCode::storage_failed,
                                fmt::format("{}: record {} is missing or damaged: put the folder "
                                            "back from a copy",
                                            path_, record.number));
    }
    record.hash = line.substr(number_end + 1, hash_end - number_end - 1);
    record.text = line.substr(hash_end + 1);
    if (record.hash != hash_of(head(), record.text)) {
        return base::make_error(base::ErrorCode::storage_failed,
                                fmt::format("{}: record {} or one before it was changed: put the "
                                            "folder back from a copy",
                                            path_, record.number));
    }
    records_.push_back(std::move(record));
    return {};
}

base::Done IssueJournal::read(const std::string& content) {
    std::size_t at = 0;
    for (std::size_t end = content.find('\n'); end != std::string::npos;
         at = end + 1, end = content.find('\n', at)) {
        TRY(read_line(content.substr(at, end - at)));
    }
    if (at == content.size()) {
        return {};
    }
    was_cut_ = true;
    return os::write_atomically(path_, base::bytes_of(content.substr(0, at)), kMode);
}

base::Result<IssueJournal> IssueJournal::open(const std::string& path) {
    IssueJournal journal(path);
    struct stat state {};
    if (::stat(path.c_str(), &state) == 0) {
        const base::Bytes content = TRY(os::read_file(path, kBytesMax));
        TRY(journal.read(base::string_of(content)));
    }
    return journal;
}

base::Done IssueJournal::append(const std::string& text) {
    Record record{.number = records_.size() + 1, .hash = hash_of(head(), text), .text = text};
    TRY(os::append_durably(
        path_, base::bytes_of(fmt::format("{} {} {}\n", record.number, record.hash, text)), kMode));
    records_.push_back(std::move(record));
    return {};
}

}  // namespace tillhost::licd::issuer
