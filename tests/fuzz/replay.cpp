// Claim: a decoder survives any bytes: it ends, and touches no memory that is not its own.
// Shown: what libFuzzer calls is called with the seed inputs and with many small changes of them,
// under the sanitizer that this is built with. Always the same inputs; tests/fuzz/run looks for
// new ones.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr int kChangesInAll = 30000;
constexpr std::size_t kSeedBytesMax = 64UL * 1024;
constexpr std::size_t kBytesMax = 4096;  // of a changed one

std::vector<Input> seeds_of(const std::string& folder) {
    std::vector<std::string> paths;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
        if (file.is_regular_file() && file.file_size() <= kSeedBytesMax) {
            paths.push_back(file.path().string());
        }
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Input> seeds;
    for (const std::string& path : paths) {
        std::ifstream file(path, std::ios::binary);
        seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return seeds;
}

class Changes {
public:
    explicit Changes(const std::vector<Input>& seeds) : seeds_(seeds) {}

    Input next() {
        Input input = seeds_[below(seeds_.size())];
        for (std::size_t times = 1 + below(4); times > 0; --times) {
            change(input);
        }
        input.resize(std::min(input.size(), kBytesMax));
        return input;
    }

private:
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(chance_() % bound); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(chance_()); }

    void change(Input& input) {
        const std::size_t at = below(input.size() + 1);
        const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
        switch (below(5)) {
            case 0: input.insert(place, byte()); break;
            case 1: input.resize(at); break;
            case 2: splice(input, at); break;
            case 3:
                if (place != input.end()) {
                    input.erase(place);
                }
                break;
            default:
                if (place != input.end()) {
                    *place = below(2) == 0 ? byte() : static_cast<std::uint8_t>(*place ^ 1U);
                }
        }
    }

    /// From here on it is another seed's end.
    void splice(Input& input, std::size_t at) {
        const Input& other = seeds_[below(seeds_.size())];
        const auto from = other.begin() + static_cast<std::ptrdiff_t>(below(other.size() + 1));
        input.resize(at);
        input.insert(input.end(), from, other.end());
    }

    const std::vector<Input>& seeds_;
    std::mt19937_64 chance_{1};
};

}  // namespace

int main(int count, char** words) {
    std::vector<Input> seeds{{}};
    for (int i = 1; i < count; ++i) {
        for (Input& seed : seeds_of(words[i])) {
            seeds.push_back(std::move(seed));
        }
    }
    for (const Input& seed : seeds) {
        LLVMFuzzerTestOneInput(seed.data(), seed.size());
    }
    Changes changes(seeds);
    for (int i = 0; i < kChangesInAll; ++i) {
        const Input input = changes.next();
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    std::printf("%zu seeds, %d changes of them\n", seeds.size(), kChangesInAll);
}
