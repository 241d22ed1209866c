#include "hal/transport/sysfs.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "hal/base/text.h"
#include "hal/os/files.h"

namespace tillhost::transport {
namespace {

constexpr std::size_t kAttributeBytesMax = 4096;
constexpr std::size_t kShownBytesMax = 128;
constexpr std::size_t kNamesMax = 10'000;

struct FolderCloser {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, FolderCloser> opened(::opendir(folder.c_str()));
    while (const dirent* entry = opened ? ::readdir(opened.get()) : nullptr) {
        if (entry->d_name[0] != '.' && names.size() < kNamesMax) {
            names.emplace_back(entry->d_name);
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string attribute(const std::string& folder, const char* name) {
    const auto bytes = os::read_file(folder + "/" + name, kAttributeBytesMax);
    if (!bytes) {
        return {};
    }
    std::string text = base::string_of(*bytes);
    text = text.substr(0, text.find('\n'));
    return base::is_utf8(text) ? std::string(base::cut_utf8(text, kShownBytesMax)) : std::string();
}

std::uint16_t hex_attribute(const std::string& folder, const char* name) {
    const std::string text = attribute(folder, name);
    std::uint16_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return number;
}

bool has_attribute(const std::string& folder, const char* name) {
    return ::access((folder + "/" + name).c_str(), F_OK) == 0;
}

}  // namespace tillhost::transport
