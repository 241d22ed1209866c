#include "licd/keys/sealed_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/text.h"
#include "hal/os/digest.h"
#include "licd/keys/base64.h"

namespace tillhost::licd::keys {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::string_view kMark = " ~ ";
constexpr std::string_view kDashes = "-----";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kEndTag = "END";

base::Error damaged(std::string_view what) {
    return make_error(ErrorCode::key_damaged, std::string(what));
}

std::string opening(FileKind kind) {
    return fmt::format("{0}LICD {1} {2}{0}", kDashes, name_of(kind), kVersion);
}
std::string closing(FileKind kind) {
    return fmt::format("{0}END LICD {1}{0}", kDashes, name_of(kind));
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F;
    });
}

base::Done check_bytes(std::string_view text) {
    if (text.size() > kFileBytesMax) {
        return make_error(ErrorCode::too_large,
                          fmt::format("a licence file has at most {} bytes", kFileBytesMax));
    }
    if (text.find('\r') != std::string_view::npos) {
        return damaged(
            "its line ends were changed on the way: have it sent as an attachment, and do not save "
            "it in an editor");
    }
    if (has_control(text) || !base::is_utf8(text)) {
        return damaged("it is no text of a licence: have it sent as an attachment");
    }
    if (text.empty() || text.back() != '\n') {
        return damaged("it is cut: its last line is not whole");
    }
    return {};
}

/// The fence's own words on why it is not the expected one.
base::Error wrong_fence(std::string_view line, FileKind kind) {
    const std::string begin = fmt::format("{}LICD ", kDashes);
    if (!line.starts_with(begin)) {
        return damaged(fmt::format("there is no \"{}\" in it: it is no such file", opening(kind)));
    }
    if (line.starts_with(fmt::format("{}{} ", begin, name_of(kind)))) {
        return make_error(ErrorCode::wrong_version,
                          fmt::format("the file is of another version, \"{}\": this version of the "
                                      "program cannot read it",
                                      line));
    }
    return make_error(ErrorCode::key_foreign,
                      fmt::format("it is another file, \"{}\", than the expected one, \"{}\"", line,
                                  opening(kind)));
}

/// Takes the text up to a line end off its front.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

base::Done check_head(std::string_view head) {
    std::string_view rest = head;
    while (!rest.empty()) {
        const std::string_view line = take_line(rest);
        if (line.size() > kLineBytesMax || line.starts_with(kDashes)) {
            return base::bad_field("head", "lines of at most 4096 bytes that do not begin with -");
        }
    }
    if (has_control(head) || !base::is_utf8(head)) {
        return base::bad_field("head", "text without control characters");
    }
    return {};
}

}  // namespace

std::string_view name_of(FileKind kind) {
    switch (kind) {
        case FileKind::key: return "KEY";
        case FileKind::request: return "REQUEST";
        case FileKind::revocations: return "REVOCATIONS";
    }
    return "";
}

base::Error line_fault(std::size_t number, std::string_view what) {
    return damaged(fmt::format("line {}: {}", number, what));
}

base::Result<SignedLine> SignedLine::read(std::string_view line) {
    const std::size_t mark = line.rfind(kMark);
    if (mark == std::string_view::npos) {
        return damaged("there is no signature at the end of the line");
    }
    auto signature = from_base64(line.substr(mark + kMark.size()));
    if (!signature || signature->size() != os::kSignatureBytes) {
        return damaged("the signature at the end of the line is cut or changed");
    }
    return SignedLine{line.substr(0, mark), std::move(*signature)};
}

std::string line_message(const LinePlace& place, std::string_view text) {
    return fmt::format("{}\n{}\n{}\n{}\n{}", place.domain, place.file_id, place.serial,
                       place.number, text);
}

bool SignedLine::signed_by(const os::PublicKey& key, const LinePlace& place) const {
    return key.verifies(base::bytes_of(line_message(place, text)), signature);
}

std::string sign_line(const LinePlace& place, std::string_view text, const os::SigningKey& key) {
    const base::Bytes signature = key.sign(base::bytes_of(line_message(place, text)));
    return fmt::format("{}{}{}", text, kMark, to_base64(signature));
}

base::Done SealedText::read_end(std::string_view line) {
    const SignedLine end = TRY(SignedLine::read(line));
    const Fields fields = TRY(Fields::read(end.text, number_of(lines_.size())));
    lines_promised_ = static_cast<std::size_t>(TRY(fields.need_number("lines", 0, kLinesMax)));
    signature_ = end.signature;
    signed_ += end.text;
    return {};
}

base::Result<SealedText> SealedText::split(std::string_view text, FileKind kind) {
    TRY(check_bytes(text));
    SealedText read;
    std::string_view rest = text;
    std::string_view line = take_line(rest);
    std::size_t number = 1;
    for (; !line.starts_with(kDashes) && !rest.empty(); line = take_line(rest)) {
        read.head_ += read.head_.empty() ? "" : "\n";
        read.head_ += line;
        ++number;
    }
    if (line != opening(kind)) {
        return wrong_fence(line, kind);
    }
    read.first_number_ = number + 1;
    while (!rest.empty()) {
        const std::size_t above = text.size() - rest.size();
        line = take_line(rest);
        if (line.size() > kLineBytesMax || read.lines_.size() > kLinesMax) {
            return make_error(
                ErrorCode::too_large,
                fmt::format("line {}: at most {} bytes, and {} lines",
                            read.number_of(read.lines_.size()), kLineBytesMax, kLinesMax));
        }
        if (line.substr(0, line.find(' ')) == kEndTag) {
            read.signed_ = fmt::format("{}\n{}", domain::kFile, text.substr(0, above));
            TRY(read.read_end(line));
            if (rest != closing(kind) + "\n") {
                return damaged(
                    "it does not end as it was made: it is cut, or has something behind "
                    "its end");
            }
            return read;
        }
        read.lines_.emplace_back(line);
    }
    return damaged("it is cut: its last lines are missing");
}

const std::string* SealedText::first(std::string_view tag) const {
    const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
        return std::string_view(line).substr(0, line.find(' ')) == tag;
    });
    return found == lines_.end() ? nullptr : &*found;
}

bool SealedText::is_signed_by(const os::PublicKey& key) const {
    return lines_promised_ == lines_.size() && key.verifies(base::bytes_of(signed_), signature_);
}

base::Done SealedText::signed_by(const os::PublicKey& key,
                                 const std::optional<std::string>& diagnosis) const {
    if (is_signed_by(key)) {
        return {};
    }
    if (diagnosis) {
        return damaged(*diagnosis);
    }
    if (lines_promised_ != lines_.size()) {
        return damaged(
            fmt::format("it was made with {} lines and has {}: lines are missing, or "
                        "were put in",
                        lines_promised_, lines_.size()));
    }
    return damaged("its head or one of its lines was changed after it was signed");
}

base::Result<std::string> seal_text(FileKind kind, std::string_view head,
                                    const std::vector<std::string>& lines,
                                    const os::SigningKey& key) {
    TRY(check_head(head));
    std::string text = head.empty() ? "" : fmt::format("{}\n", head);
    text += opening(kind) + "\n";
    for (const std::string& line : lines) {
        if (line.size() > kLineBytesMax) {
            return make_error(ErrorCode::too_large, fmt::format("a line has at most {} bytes: {}…",
                                                                kLineBytesMax, line.substr(0, 40)));
        }
        text += line + "\n";
    }
    const std::string end = FieldWriter(kEndTag)
                                .put("lines", static_cast<std::int64_t>(lines.size()))
                                .put("sha256", os::sha256_hex(base::bytes_of(text)))
                                .text();
    const base::Bytes signature =
        key.sign(base::bytes_of(fmt::format("{}\n{}{}", domain::kFile, text, end)));
    text += fmt::format("{}{}{}\n{}\n", end, kMark, to_base64(signature), closing(kind));
    if (text.size() > kFileBytesMax || lines.size() > kLinesMax) {
        return make_error(ErrorCode::too_large,
                          fmt::format("a licence file has at most {} bytes and {} lines",
                                      kFileBytesMax, kLinesMax));
    }
    return text;
}

}  // namespace tillhost::licd::keys
