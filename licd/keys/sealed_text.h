#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/signature.h"
#include "licd/keys/fields.h"

// The form that all licence files share: a head for people, a fence, lines, and a last line that
// signs every byte above it.
//
//   Till of the shop at the station, serial 4410-0093-7721
//   -----LICD KEY 1-----
//   F id=… serial=…
//   …
//   END lines=7 sha256=… ~ <signature in base64>
//   -----END LICD KEY-----
//
// Nothing of a file is believed before END's signature holds. What is read earlier is read to find
// the signer's key, and to tell people what is wrong.
namespace tillhost::licd::keys {

inline constexpr std::size_t kFileBytesMax = 1024 * 1024;
inline constexpr std::size_t kLineBytesMax = 4096;
inline constexpr std::size_t kLinesMax = 10'000;
inline constexpr std::size_t kIdBytes = 16;  ///< of a file's id, 32 lower-case hex digits

enum class FileKind : std::uint8_t { key, request, revocations };
std::string_view name_of(FileKind kind);  ///< "KEY", as it stands in the fence

/// What a signature of one line is for. No signature means something else in another place.
namespace domain {
inline constexpr std::string_view kLine = "licd-line-1";    ///< a licence
inline constexpr std::string_view kSeal = "licd-seal-1";    ///< the server that may hand it out
inline constexpr std::string_view kToken = "licd-token-1";  ///< the dongle that may hand it out
inline constexpr std::string_view kPin = "licd-pin-1";      ///< a PIN, in a request
inline constexpr std::string_view kFile = "licd-file-1";    ///< END
}  // namespace domain

/// Where a signed line stands; all of it is under its signature.
struct LinePlace {
    std::string_view domain;
    std::string_view file_id;
    std::string_view serial;
    std::size_t number = 1;
};

/// "TAG … ~ <base64>" taken apart.
struct SignedLine {
    std::string_view text;  ///< before " ~ "
    base::Bytes signature;

    /// Errors: key_damaged (no signature at its end).
    static base::Result<SignedLine> read(std::string_view line);
    bool signed_by(const os::PublicKey& key, const LinePlace& place) const;
};
/// The message under a line's signature: domain, file id, serial, number and line, each but the
/// last ended by a line feed.
std::string line_message(const LinePlace& place, std::string_view text);
std::string sign_line(const LinePlace& place, std::string_view text, const os::SigningKey& key);

/// A file taken apart and not yet believed.
class SealedText final {
public:
    /// Errors: too_large; key_damaged (no such file, its end is missing, bytes behind its end, line
    /// ends of another system, no UTF-8); wrong_version (of the fence); key_foreign (a file of
    /// another kind).
    static base::Result<SealedText> split(std::string_view text, FileKind kind);

    const std::string& head() const { return head_; }  ///< without its last line end
    /// Those between the fence and END.
    const std::vector<std::string>& lines() const { return lines_; }
    /// The place of lines()[at] in the file, from 1.
    std::size_t number_of(std::size_t at) const { return first_number_ + at; }
    /// The first line with that tag, or nothing.
    const std::string* first(std::string_view tag) const;

    /// Whether END is this key's word on every byte above it. Errors: key_damaged; its detail is
    /// the caller's diagnosis or else that lines are missing, or that something was changed.
    base::Done signed_by(const os::PublicKey& key,
                         const std::optional<std::string>& diagnosis = std::nullopt) const;
    bool is_signed_by(const os::PublicKey& key) const;

private:
    base::Done read_end(std::string_view line);

    std::string head_;
    std::vector<std::string> lines_;
    std::size_t first_number_ = 0;
    std::string signed_;  ///< the message under END's signature
    base::Bytes signature_;
    std::size_t lines_promised_ = 0;
};

/// The whole file. `head` and the lines as SealedText has them. Errors: bad_field(head) if it has
/// control characters or a line that looks like a fence, too_large.
base::Result<std::string> seal_text(FileKind kind, std::string_view head,
                                    const std::vector<std::string>& lines,
                                    const os::SigningKey& key);

/// key_damaged with the line's number.
base::Error line_fault(std::size_t number, std::string_view what);

}  // namespace tillhost::licd::keys
