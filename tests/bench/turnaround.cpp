#include <fmt/format.h>

#include "ipc/json.h"
#include "tests/bench/groups.h"
#include "tests/bench/seller.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::Value;

constexpr const char* kDevice = "kassa";
constexpr int kPositions = 20;
constexpr double kTurnaroundUsMax = 150;
constexpr double kReceiptRatioMax = 1.03;

/// What the device takes for itself. The least that is published of real ones: 4 to 17 ms a
/// question, 50 ms a position, 366 to 490 ms the closing; a line of 3 mm at 200 mm/s.
constexpr int kCommandMs = 4, kPositionMs = 50, kDocumentMs = 366, kLineMs = 15;

/// What the simulator has measured of one receipt until its result, and how long the client waited
/// for that. Printing goes on behind the result.
struct Receipt {
    double turn_p50 = 0, turn_p99 = 0, question_p50 = 0, question_p99 = 0;  // microseconds
    double line = 0;                                                        // first byte to result
    double own = 0;  // of it: bytes passed, or the device worked
    double result = 0;
};

Result<double> number_at(const Value* tree, std::initializer_list<std::string_view> path) {
    for (const std::string_view key : path) {
        tree = tree == nullptr ? nullptr : tree->find(key);
    }
    const double* number = tree == nullptr ? nullptr : tree->get_if<double>();
    if (number == nullptr) {
        return make_error(ErrorCode::malformed, "figures of the line");
    }
    return *number;
}

/// Tells the figures of the line, and begins them anew.
Result<Receipt> ask_line(support::Shop& shop) {
    const std::string said = TRY(shop.ctl(kDevice, {"line", "anew", "--json"}));
    const Value answer = TRY(ipc::from_json(said));
    const Value* line = answer.find("line");
    Receipt receipt;
    receipt.turn_p50 = TRY(number_at(line, {"turns", "p50_us"}));
    receipt.turn_p99 = TRY(number_at(line, {"turns", "p99_us"}));
    receipt.question_p50 = TRY(number_at(line, {"questions", "p50_us"}));
    receipt.question_p99 = TRY(number_at(line, {"questions", "p99_us"}));
    receipt.line = TRY(number_at(line, {"span_us"}));
    receipt.own = TRY(number_at(line, {"busy_us"}));
    return receipt;
}

/// A real registrar's driver against a simulator whose line takes the time of a real one.
class Till final {
public:
    static Result<std::unique_ptr<Till>> open(Bench& bench) {
        std::unique_ptr<Till> till(new Till(bench));
        till->counter_ = TRY(Counter::create(bench, {}));
        support::Shop& shop = till->counter_->shop();
        TRY(shop.configure(
            kDevice, fmt::format("driver = \"fiscal/shtrih\"\nport = \"pty:{}\"\n[settings]\nlink "
                                 "= \"standard\"\n",
                                 shop.pty(kDevice))));
        TRY(shop.start_simulator(
            kDevice, "fiscal/shtrih",
            {"--pace", "115200", "--command-ms", std::to_string(kCommandMs), "--position-ms",
             std::to_string(kPositionMs), "--document-ms", std::to_string(kDocumentMs), "--line-ms",
             std::to_string(kLineMs)}));
        TRY(till->counter_->start());
        till->seller_ = TRY(Seller::connect(bench, *till->counter_, kDevice));
        TRY(till->seller_->set_up());
        TRY(till->seller_->carry_out(contract::OpenShift{}));
        return till;
    }

    Result<Receipt> sell() {
        TRY(ask_line(counter_->shop()));
        Receipt receipt;
        const auto at_result = [&]() -> Done {
            const os::Instant since = bench_.clock.now();
            receipt = TRY(ask_line(counter_->shop()));
            // Until the figures were told the device has printed, which belongs to no receipt.
            const double printing = microseconds(bench_.clock.now() - since);
            receipt.line -= printing;
            receipt.own -= printing;
            return {};
        };
        const double result = TRY(seller_->carry_out(receipt_of(kPositions), at_result));
        receipt.result = result;
        return receipt;
    }

private:
    explicit Till(Bench& bench) : bench_(bench) {}

    Bench& bench_;
    std::unique_ptr<Counter> counter_;
    std::unique_ptr<Seller> seller_;
};

std::vector<double> all(const std::vector<Receipt>& receipts, double Receipt::*value) {
    std::vector<double> values;
    for (const Receipt& receipt : receipts) {
        values.push_back(receipt.*value);
    }
    return values;
}

Figure plain(std::string name, const std::vector<double>& values) {
    return {.name = std::move(name), .measured = fmt::format("{:.1f} us", median(values))};
}

Figure in_ms(std::string name, const std::vector<Receipt>& receipts, double Receipt::*value) {
    Figure figure = compare(std::move(name), all(receipts, value), all(receipts, &Receipt::own),
                            "us", kReceiptRatioMax);
    figure.measured = fmt::format("{:.1f} ms", median(all(receipts, value)) / 1e3);
    figure.reference = fmt::format("{:.1f} ms", median(all(receipts, &Receipt::own)) / 1e3);
    return figure;
}

}  // namespace

Result<std::vector<Figure>> measure_turnaround(Bench& bench) {
    const auto till = TRY(Till::open(bench));
    TRY(till->sell());  // caches are warm afterwards
    std::vector<Receipt> receipts;
    for (int round = 0; round < kRounds; ++round) {
        receipts.push_back(TRY(till->sell()));
    }
    return std::vector<Figure>{
        absolute("turnaround at 115200 baud, p50", median(all(receipts, &Receipt::turn_p50)),
                 kTurnaroundUsMax, "us"),
        plain("the same, p99", all(receipts, &Receipt::turn_p99)),
        absolute("answer to next question, p50", median(all(receipts, &Receipt::question_p50)),
                 kTurnaroundUsMax, "us"),
        plain("the same, p99", all(receipts, &Receipt::question_p99)),
        in_ms("20-line receipt, first byte to result", receipts, &Receipt::line),
        in_ms("20-line receipt, submit to result", receipts, &Receipt::result),
    };
}

}  // namespace tillhost::bench
