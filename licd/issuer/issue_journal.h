#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::licd::issuer {

/// What the vendor's tool did, in a file that only grows: "NUMBER HASH TEXT", one record a line.
///   hash(n) = SHA-256( hash(n-1) + "\n" + text(n) )        hash(0) = 64 zeros
/// A record that is changed, taken out or put in between makes the next hash wrong. A cut end shows
/// only against a hash that was kept elsewhere; `licissue journal` prints the newest.
class IssueJournal final {
public:
    struct Record {
        std::size_t number = 0;
        std::string hash;
        std::string text;  ///< one line of the fields' grammar
    };
    static constexpr std::size_t kBytesMax = 256 * 1024 * 1024;

    /// Reads and checks all of it; a file that is not there is an empty one. A last line that is
    /// not whole was never acknowledged (the power was cut while it was written) and is taken off.
    /// Errors: storage_failed (a record does not fit its hash; the detail says which),
    /// system_failed, storage_full.
    static base::Result<IssueJournal> open(const std::string& path);

    const std::vector<Record>& records() const { return records_; }
    const std::string& head() const;  ///< the newest hash
    bool was_cut() const { return was_cut_; }

    /// On the disk when it returns. Errors: system_failed, storage_full.
    base::Done append(const std::string& text);

private:
    explicit IssueJournal(std::string path) : path_(std::move(path)) {}
    base::Done read(const std::string& content);
    base::Done read_line(const std::string& line);

    std::string path_;
    std::vector<Record> records_;
    bool was_cut_ = false;
};

}  // namespace tillhost::licd::issuer
