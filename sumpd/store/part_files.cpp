#include "sumpd/store/part_files.h"

#include <fmt/format.h>

#include "hal/base/invariant.h"
#include "hal/os/files.h"

namespace tillhost::sumpd::store {
namespace {

constexpr std::size_t kHashDigits = 16;
constexpr unsigned kFolderMode = 0750;

/// Names of files are made of what clients send: only hex digits and dashes get that far.
std::string checked(std::string_view text) {
    INVARIANT(text.find_first_not_of("0123456789abcdef-") == std::string_view::npos);
    return std::string(text);
}

base::Done keep(const std::string& folder, const std::set<std::string>& names) {
    for (const std::string& name : TRY(os::list_files(folder, ""))) {
        if (names.count(name) == 0) {
            TRY(os::remove_file(folder + "/" + name));
        }
    }
    return {};
}

}  // namespace

base::Result<PartFiles> PartFiles::open(const std::string& folder) {
    PartFiles files(folder);
    TRY(os::make_folder(files.in_, kFolderMode));
    TRY(os::make_folder(files.out_, kFolderMode));
    return files;
}

std::string PartFiles::in_name(const exchange::Uuid& message, std::int64_t part_no,
                               const std::string& sha256) {
    return fmt::format("{}.{}.{}", checked(message.text), part_no,
                       checked(sha256.substr(0, kHashDigits)));
}

std::string PartFiles::out_name(const exchange::Uuid& message) { return checked(message.text); }

base::Done PartFiles::keep_only(const std::set<std::string>& in,
                                const std::set<std::string>& out) const {
    TRY(keep(in_, in));
    return keep(out_, out);
}

}  // namespace tillhost::sumpd::store
