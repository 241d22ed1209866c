#include "licd/runtime/tar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "hal/base/invariant.h"

namespace tillhost::licd::runtime {
namespace {

constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kEndBlocks = 2;

using Heading = std::array<char, kTarBlockBytes>;

std::size_t padded(std::size_t bytes) {
    return (bytes + kTarBlockBytes - 1) / kTarBlockBytes * kTarBlockBytes;
}

void put(Heading& heading, std::size_t at, std::string_view text) {
    std::copy(text.begin(), text.end(), heading.begin() + static_cast<std::ptrdiff_t>(at));
}

Heading heading_of(const TarFile& file, std::int64_t unix_s) {
    INVARIANT(file.name.size() < kNameBytes);
    Heading heading{};
    put(heading, 0, file.name);
    put(heading, 100, "0000644");
    put(heading, 108, "0000000");
    put(heading, 116, "0000000");
    put(heading, 124, fmt::format("{:011o}", file.content.size()));
    put(heading, 136, fmt::format("{:011o}", unix_s));
    put(heading, 156, "0");
    put(heading, 257,
        std::string_view("ustar\0"
                         "00",
                         8));
    put(heading, 329, "0000000");  // of a device; none
    put(heading, 337, "0000000");
    // The sum counts its own field as blanks.
    std::fill_n(heading.begin() + kChecksumAt, kChecksumBytes, ' ');
    const unsigned sum =
        std::accumulate(heading.begin(), heading.end(), 0U,
                        [](unsigned all, char c) { return all + static_cast<unsigned char>(c); });
    put(heading, kChecksumAt, fmt::format("{:06o}", sum));
    heading[kChecksumAt + 6] = '\0';
    return heading;
}

}  // namespace

std::size_t tar_bytes(const std::vector<std::size_t>& sizes) {
    return std::accumulate(
        sizes.begin(), sizes.end(), kEndBlocks * kTarBlockBytes,
        [](std::size_t all, std::size_t one) { return all + kTarBlockBytes + padded(one); });
}

base::Bytes make_tar(const std::vector<TarFile>& files, std::int64_t unix_s) {
    base::Bytes tar;
    for (const TarFile& file : files) {
        const Heading heading = heading_of(file, unix_s);
        for (const std::string_view part :
             {std::string_view(heading.data(), heading.size()), std::string_view(file.content)}) {
            const base::Bytes bytes = base::bytes_of(part);
            tar.insert(tar.end(), bytes.begin(), bytes.end());
        }
        tar.resize(padded(tar.size()));
    }
    tar.resize(tar.size() + kEndBlocks * kTarBlockBytes);
    return tar;
}

}  // namespace tillhost::licd::runtime
