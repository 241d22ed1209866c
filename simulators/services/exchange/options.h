#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "simulators/services/exchange/https.h"
#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::exchange {

/// One option of a service's command line.
struct Option {
    std::string_view name;       ///< "--node"
    std::string_view otherwise;  ///< where it is not given
    std::string_view meaning;
};

/// Options by name; each that exists has a value.
class Options final {
public:
    /// Errors: bad_field (an option that is not known, or has no value behind it).
    static base::Result<Options> read(std::span<const std::string> words,
                                      std::span<const Option> known);

    const std::string& text(std::string_view name) const;
    /// Errors: bad_field(name) outside the bounds.
    base::Result<std::int64_t> number(std::string_view name, std::int64_t min,
                                      std::int64_t max) const;

private:
    std::map<std::string, std::string, std::less<>> values_;
};

/// A number among the keys of a command. Errors: bad_field(name).
base::Result<std::int64_t> key_number(const Value& keys, std::string_view name,
                                      std::int64_t otherwise, std::int64_t min, std::int64_t max);
/// "--drop-permille" and "--cut-permille". Errors: bad_field.
base::Result<LineFaults> line_faults_of(const Options& options);
/// "drop_permille", "cut_permille", "bytes_per_second" among the keys. Errors: bad_field.
base::Result<LineFaults> read_line_faults(const Value& keys);

std::string help_of(std::span<const Option> options);

}  // namespace tillhost::simulators::exchange
