#include "tests/simulation/registrar.h"

#include "simulators/fiscal/shtrih/registrar.h"
#include "simulators/fiscal/toy/registrar.h"

namespace tillhost::simulation {
namespace {

constexpr int kSpareDocumentsMax = 50;
/// Open document, sale, by operator 30 (8Dh of the Shtrih-M protocol); the second is the first
/// command of a registrar that hears numbered frames since it was started.
constexpr std::string_view kBeginSale = "02 06 8D 1E 00 00 00 00 95";
constexpr std::string_view kBeginSaleNumbered = "8F 08 00 02 00 8D 1E 00 00 00 00 45 75";
/// Write table 17 row 1 field 17 (1Eh): fiscal data of format 1.05, whose corrections are FF4Ah.
constexpr std::string_view kOldFormat = "02 0A 1E 1E 00 00 00 11 01 00 11 02 09";
constexpr std::string_view kAcknowledge = "06";

std::array<std::string, 2> serials_of(const PlannedDevice& planned) {
    const std::string number = planned.id.substr(planned.id.size() - 1);
    if (planned.driver == "fiscal/toy") {
        return {"TOY0000" + number, "SPARE00" + number};
    }
    return {"000000000000100" + number, "000000000000200" + number};
}

}  // namespace

std::unique_ptr<simulators::FiscalSimulator> Registrar::make(const PlannedDevice& planned,
                                                             const std::string& serial,
                                                             std::uint64_t seed) {
    if (planned.driver == "fiscal/toy") {
        simulators::toy::ToyOptions options;
        options.serial = serial;
        options.seed = seed;
        return std::move(simulators::toy::make_toy_registrar(options).value());
    }
    simulators::shtrih::ShtrihOptions options;
    options.serial = serial;
    options.fn_number = "9999" + serial.substr(4);
    options.seed = seed;
    auto made = std::move(simulators::shtrih::make_shtrih_registrar(options).value());
    if (planned.old_format) {
        const os::Instant began{};
        made->receive(*base::from_hex(kOldFormat), began);
        made->advance(began + ms(500));
        static_cast<void>(made->take_output());
        made->receive(*base::from_hex(kAcknowledge), began + ms(500));
        // It takes the link layer from the first byte after its start, which is its host's.
        made->power(false, began + ms(500));
        made->power(true, began + ms(500));
    }
    return made;
}

Registrar::Registrar(Scheduler& scheduler, Findings& findings, const PlannedDevice& planned,
                     std::uint64_t seed, bool exclusive)
    : Counter(
          scheduler, findings, planned, serials_of(planned),
          {.device = planned.id, .late_bytes_max = planned.late_bytes_max, .exclusive = exclusive},
          seed) {
    sims_[0] = make(planned_, serials_[0], seed);
    line().attach(*sims_[0]);
    claim_foreign(0, 0);  // what it left the factory with
}

bool Registrar::use_elsewhere(std::int64_t total_minor, std::int64_t count) {
    guarded_for_.reset();  // it cancels what is open
    return Counter::use_elsewhere(total_minor, count);
}

void Registrar::make_spare() { sims_[1] = make(planned_, serials_[1], 77); }

void Registrar::age_spare(std::int64_t behind, bool with_open_document) {
    simulators::FiscalSimulator& spare = *sims_[1];
    const std::int64_t wanted =
        static_cast<std::int64_t>(sims_[0]->state().last_document_number) - behind;
    const std::size_t before = spare.documents().size();
    for (int i = 0; i < kSpareDocumentsMax && spare.state().last_document_number < wanted; ++i) {
        static_cast<void>(use_by_others(spare, 0, 1));
    }
    claim_foreign(1, before);
    // Where no shift is open a sale would open one, a document more.
    if (with_open_document && planned_.driver == "fiscal/shtrih" && spare.state().shift_open) {
        const bool numbered = planned_.link == "numbered";
        if (numbered) {
            spare.power(false, scheduler_.now());
            spare.power(true, scheduler_.now());
        }
        spare.receive(*base::from_hex(numbered ? kBeginSaleNumbered : kBeginSale),
                      scheduler_.now());
    }
}

void Registrar::guard_spare(std::optional<base::OperationId> doubt) {
    if (swapped() && sims_[1]->state().document_open) {
        guarded_for_ = doubt;
    }
}

void Registrar::swap_back(std::optional<base::OperationId> doubt) {
    if (!swapped()) {
        return;
    }
    if (guarded_for_ && guarded_for_ == doubt && !sims_[1]->state().document_open) {
        findings_.add(planned_.id +
                      ": the document of another registrar was cancelled, though the "
                      "operation in doubt was not its");
    }
    guarded_for_.reset();
    Counter::swap_back(doubt);
}

std::vector<Paper> Registrar::papers() const {
    std::vector<Paper> papers;
    for (std::size_t sim = 0; sim < sims_.size(); ++sim) {
        for (std::size_t i = 0; sims_[sim] && i < sims_[sim]->documents().size(); ++i) {
            if (!is_foreign(sim, i)) {
                papers.push_back({serials_[sim], &sims_[sim]->documents()[i]});
            }
        }
    }
    return papers;
}

}  // namespace tillhost::simulation
