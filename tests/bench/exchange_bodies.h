#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tillhost::bench {

/// A PutDocuments with one receipt of twelve lines and a fiscal sign: 2 KB of JSON.
struct ReceiptNumbers {
    std::int64_t document = 0;  ///< makes the DocId
    std::int64_t device_seq = 0;
};
std::string put_as_json(const ReceiptNumbers& numbers);
/// The same receipt as SOAP 1.1.
std::string put_as_soap(const ReceiptNumbers& numbers);

/// `count` goods as lines of a message; another `edition` is another price list.
std::string goods_message(int count, int edition);
/// As it stands in an answer once for each of them.
inline constexpr std::string_view kGoodsMark = "\"kind\":\"Goods\"";

}  // namespace tillhost::bench
