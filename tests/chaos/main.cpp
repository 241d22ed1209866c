// Claim: every receipt that a till hands over is registered once and every answer is true, whatever
// is killed or cut on the way.
// Shown: a till sells by real processes while devd, the driver host and the registrar's simulator
// are killed with signal 9 and the line is damaged at moments chosen from the printed seed; then
// the till's ledger, the book and the registrar's memory are compared.
#include <fmt/format.h>

#include <cstdio>
#include <map>

#include "hal/os/process.h"
#include "hal/os/random.h"
#include "hal/os/thread.h"
#include "ipc/json.h"
#include "simulators/core/random.h"
#include "tests/chaos/seller.h"
#include "tests/support/shop.h"

namespace tillhost::chaos {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::OperationState;

constexpr const char* kDevice = "kassa";
/// The next act comes when some sales went through, so that the shop gets on, or after this time.
constexpr os::Duration kActAfterMax = std::chrono::seconds(2);
constexpr std::uint64_t kSalesBetweenActsMax = 3;
constexpr os::Duration kLook = std::chrono::milliseconds(2);
/// Somewhere within the sale that is under way then: a little longer than one takes.
constexpr std::uint64_t kToySaleMs = 20;
constexpr std::uint64_t kShtrihSaleMs = 300;

struct Options {
    int receipts = 300;
    std::uint64_t seed = 0;
    std::string family = "fiscal/shtrih";
    bool keep = false;
};

struct Document {
    std::int64_t number = 0;
    std::int64_t sign = 0;
};
using Memory = std::multimap<std::int64_t, Document>;  ///< receipts by their total

std::int64_t integer(const contract::Value& map, std::string_view key) {
    const contract::Value* value = map.find(key);
    const auto* number = value == nullptr ? nullptr : value->get_if<std::int64_t>();
    return number == nullptr ? 0 : *number;
}

Result<Memory> receipts_of(const support::Shop& shop) {
    const std::string text = TRY(shop.ctl(kDevice, {"documents", "--json"}));
    const contract::Value answer = TRY(ipc::from_json(text));
    const contract::Value* documents = answer.find("documents");
    const auto* list = documents == nullptr ? nullptr : documents->get_if<contract::Value::Array>();
    if (list == nullptr) {
        return make_error(ErrorCode::malformed, "the simulator told no documents: " + text);
    }
    Memory memory;
    for (const contract::Value& document : *list) {
        const contract::Value* type = document.find("type");
        if (type != nullptr && *type == contract::Value(std::string("receipt"))) {
            memory.emplace(integer(document, "total_minor"),
                           Document{integer(document, "number"), integer(document, "sign")});
        }
    }
    return memory;
}

class PaperInShop final : public Paper {
public:
    explicit PaperInShop(const support::Shop& shop) : shop_(shop) {}
    Result<std::int64_t> number_of(std::int64_t total_minor) override {
        const Memory memory = TRY(receipts_of(shop_));
        const auto found = memory.find(total_minor);
        return found == memory.end() ? std::int64_t{0} : found->second.number;
    }

private:
    const support::Shop& shop_;
};

/// Whoever breaks things.
class Gremlin final {
public:
    Gremlin(support::Shop& shop, const Options& options, os::Clock& clock)
        : shop_(shop),
          options_(options),
          clock_(clock),
          random_(options.seed),
          sale_ms_(options.family == "fiscal/toy" ? kToySaleMs : kShtrihSaleMs) {}

    Done act_until(const std::atomic<bool>& over, const Seller& seller) {
        while (!over) {
            const int enough =
                seller.sold() + 1 + static_cast<int>(random_.below(kSalesBetweenActsMax));
            const os::Deadline patience = clock_.now() + kActAfterMax;
            while (!over && seller.sold() < enough && clock_.now() < patience) {
                clock_.sleep_until(clock_.now() + kLook);
            }
            pause();
            TRY(act());
        }
        return {};
    }
    /// Everything is whole again.
    Done mend() {
        TRY(shop_.ctl(kDevice, {"fault", "clear"}));
        TRY(shop_.ctl(kDevice, {"power", "on"}));
        return {};
    }
    const std::map<std::string, int>& acts() const { return acts_; }

private:
    void pause() {
        clock_.sleep_until(clock_.now() + std::chrono::milliseconds(random_.below(sale_ms_)));
    }
    Done act() {
        const std::uint64_t dice = random_.below(100);
        if (dice < 15) {
            ++acts_["devd killed"];
            shop_.kill_devd();
            return shop_.start_devd();
        }
        if (dice < 30) {
            ++acts_[shop_.kill_host(kDevice) ? "host killed" : "no host to kill"];
            return {};
        }
        if (dice < 40) {
            ++acts_["simulator killed"];
            shop_.kill_simulator(kDevice);
            return shop_.start_simulator(kDevice, options_.family, simulator_words());
        }
        if (dice < 50) {
            ++acts_["power cut"];
            TRY(shop_.ctl(kDevice, {"power", "off"}));
            pause();
            TRY(shop_.ctl(kDevice, {"power", "on"}));
            return {};
        }
        return damage_line();
    }
    Done damage_line() {
        static constexpr const char* kKinds[] = {"lose", "double", "cut", "garble", "late"};
        const std::string kind = kKinds[random_.below(5)];
        ++acts_["frame: " + kind];
        std::vector<std::string> words{"fault", kind,
                                       random_.below(2) == 0 ? "side=host" : "side=device",
                                       fmt::format("nth={}", 1 + random_.below(8))};
        if (kind == "cut" || kind == "garble") {
            words.push_back(fmt::format("at={}", random_.below(10)));
        } else if (kind == "late") {
            words.push_back(fmt::format("ms={}", 50 + random_.below(1500)));
        }
        const std::string said = TRY(shop_.ctl(kDevice, words));
        return {};
    }

public:
    std::vector<std::string> simulator_words() {
        return {"--line-ms", "1", "--seed", std::to_string(random_.below(1'000'000))};
    }

private:
    support::Shop& shop_;
    const Options& options_;
    os::Clock& clock_;
    simulators::Random random_;
    std::uint64_t sale_ms_;
    std::map<std::string, int> acts_;
};

/// The three ledgers. Prints each contradiction; returns how many there are.
int compare(const Seller& seller, const std::vector<contract::Operation>& book,
            const Memory& memory) {
    int wrong = 0;
    const auto complain = [&wrong](const std::string& text) {
        ++wrong;
        fmt::print("WRONG: {}\n", text);
    };
    std::map<base::OperationId, const contract::Operation*> rows;
    for (const contract::Operation& row : book) {
        rows[row.operation_id] = &row;
    }
    for (const Sale& sale : seller.sales()) {
        const std::size_t count = memory.count(sale.total_minor);
        if (sale.told != OperationState::done || count != 1) {
            complain(fmt::format("sale of {}: told {}, registered {} times", sale.total_minor,
                                 contract::name_of(sale.told), count));
            continue;
        }
        const Document& document = memory.find(sale.total_minor)->second;
        if (document.number != sale.document_number ||
            (sale.sign != 0 && document.sign != sale.sign)) {
            complain(fmt::format("sale of {}: told document {} sign {}, registered as {} sign {}",
                                 sale.total_minor, sale.document_number, sale.sign, document.number,
                                 document.sign));
        }
        for (const base::OperationId& id : sale.ids) {
            const bool last = id == sale.ids.back();
            const auto row = rows.find(id);
            if (last && (row == rows.end() || row->second->state != OperationState::done)) {
                complain(fmt::format("sale of {}: the book does not say done", sale.total_minor));
            } else if (!last && row != rows.end() && row->second->state == OperationState::done) {
                complain(fmt::format("sale of {}: two ids are done", sale.total_minor));
            }
        }
    }
    if (memory.size() != seller.sales().size()) {
        complain(fmt::format("{} receipts in the memory for {} sales", memory.size(),
                             seller.sales().size()));
    }
    for (const contract::Operation& row : book) {
        if (!client::is_final(row.state)) {
            complain(fmt::format("{} is still {}", row.operation_id.to_text(),
                                 contract::name_of(row.state)));
        }
    }
    return wrong;
}

Result<int> play(support::Shop& shop, const Options& options, os::Clock& clock) {
    TRY(shop.configure(kDevice, fmt::format("driver = \"{}\"\nport = \"pty:{}\"\n", options.family,
                                            shop.pty(kDevice))));
    Gremlin gremlin(shop, options, clock);
    TRY(shop.start_simulator(kDevice, options.family, gremlin.simulator_words()));
    TRY(shop.start_devd());
    PaperInShop paper(shop);
    Seller seller(shop.endpoint(), kDevice, clock, paper);
    if (options.family == "fiscal/shtrih") {
        TRY(seller.open_shift());
    }
    std::atomic<bool> over{false};
    Done sold;
    {
        os::Thread till("till", [&] {
            sold = seller.sell(options.receipts);
            over = true;
        });
        const Done broken = gremlin.act_until(over, seller);
        if (!broken) {
            fmt::print("the gremlin failed: {}\n", base::to_text(broken.error()));
            over = true;
        }
        TRY(gremlin.mend());
    }
    TRY(std::move(sold));
    fmt::print("{} receipts; {} sales begun anew, {} doubts decided by a person\n",
               seller.sales().size(), seller.renewed(), seller.doubts_decided());
    for (const auto& [name, times] : gremlin.acts()) {
        fmt::print("  {:<18}{}\n", name, times);
    }
    return compare(seller, TRY(seller.book()), TRY(receipts_of(shop)));
}

bool parse(int count, char** words, Options& options) {
    options.seed = os::random_u64() % 1'000'000'000;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word == "--keep") {
            options.keep = true;
        } else if (i + 1 < count && word == "--seed") {
            options.seed = std::stoull(words[++i]);
        } else if (i + 1 < count && word == "--receipts") {
            options.receipts = std::stoi(words[++i]);
        } else if (i + 1 < count && word == "--family") {
            options.family = words[++i];
        } else {
            fmt::print("usage: run_chaos [--receipts N] [--seed N] [--family FAMILY] [--keep]\n");
            return false;
        }
    }
    return true;
}

int run(const Options& options) {
    fmt::print("chaos: seed={} receipts={} family={}\n", options.seed, options.receipts,
               options.family);
    os::SystemClock clock;
    const auto programs = os::program_folder();
    auto shop = support::Shop::create(*programs + "../bin/");
    if (!shop) {
        fmt::print("{}\n", base::to_text(shop.error()));
        return 1;
    }
    if (std::freopen(((*shop)->folder() + "/log").c_str(), "w", stderr) == nullptr) {
        return 1;
    }
    const Result<int> wrong = play(**shop, options, clock);
    if (!wrong) {
        fmt::print("FAILED: {}\n", base::to_text(wrong.error()));
    } else if (*wrong == 0) {
        fmt::print("three ledgers tell one story\n");
    }
    const bool good = wrong && *wrong == 0;
    if (options.keep || !good) {
        (*shop)->keep();
        fmt::print("kept in {}; again with --seed {}\n", (*shop)->folder(), options.seed);
    }
    return good ? 0 : 1;
}

}  // namespace
}  // namespace tillhost::chaos

int main(int count, char** words) {
    tillhost::chaos::Options options;
    return tillhost::chaos::parse(count, words, options) ? tillhost::chaos::run(options) : 2;
}
