#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "ipc/http/message.h"

// What browsers put into targets, cookies and bodies, decoded. Every function is total: any bytes
// give a value or an error, and nothing grows beyond its bound. Decoded names and values are UTF-8
// without NUL; only the content of a file is bytes as they came.
namespace tillhost::http {

inline constexpr std::size_t kPairsMax = 256;  ///< of a query, a form, a Cookie header
inline constexpr std::size_t kPartsMax = 64;   ///< of a multipart form
inline constexpr std::size_t kFieldNameBytesMax = 256;
inline constexpr std::size_t kBoundaryBytesMax = 70;  ///< RFC 2046, section 5.1.1
inline constexpr std::size_t kPartHeadBytesMax = 4096;

/// Whether "+" stands for a blank, as in forms, or for itself, as in paths.
enum class Plus { is_plus, is_blank };

/// Errors: bad_field(what): a "%" without two hex digits, no UTF-8, a NUL.
base::Result<std::string> percent_decode(std::string_view text, Plus plus);
/// Everything but letters, digits, "-", "_", "." and "~" as %XX.
std::string percent_encode(std::string_view text);

/// "a=1&b=two+words" as a query or a body of application/x-www-form-urlencoded. An empty text has
/// no pairs, a pair without "=" an empty value; empty pairs ("&&") are left out; repeated names
/// stay. Errors: bad_field (a pair that cannot be decoded), too_large (more than kPairsMax).
base::Result<std::vector<Pair>> decode_pairs(std::string_view text);

/// The path of a target, up to "?": decoded, "/./" and "//" made one "/". Decoded once only. A
/// last "/" stays. Errors: bad_field(path): does not begin with "/", a part is "..", NUL, control
/// characters, "\", an encoded "/", no UTF-8.
base::Result<std::string> decode_path(std::string_view path);

/// The pairs of a Cookie header; what is no pair is left out, and so is all behind kPairsMax. No
/// decoding: our own cookies need none.
std::vector<Pair> decode_cookies(std::string_view header);

/// A file of a form.
struct Upload {
    std::string field;
    std::string file_name;  ///< as the browser says; never to be used as a path
    std::string content;
};

struct Form {
    std::vector<Pair> fields;
    std::vector<Upload> files;
};

/// A body of application/x-www-form-urlencoded or multipart/form-data; of any other type (also of
/// none) an empty form. Errors: bad_field(form), too_large.
base::Result<Form> decode_form(std::string_view content_type, std::string_view body);

}  // namespace tillhost::http
