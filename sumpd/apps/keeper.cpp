#include "sumpd/apps/keeper.h"

#include <poll.h>

namespace tillhost::sumpd::apps {

base::Result<std::unique_ptr<Keeper>> Keeper::start(Registry& registry, AccountWatch& accounts,
                                                    Orders& orders, const os::Clock& clock) {
    auto wake = TRY(os::Wakeup::create());
    std::unique_ptr<Keeper> keeper(new Keeper(registry, accounts, orders, clock, std::move(wake)));
    Keeper* const self = keeper.get();
    keeper->thread_ = std::make_unique<os::Thread>("keeper", [self] { self->run(); });
    return keeper;
}

Keeper::~Keeper() {
    stopping_ = true;
    wake_.signal();
    thread_.reset();
    registry_.keep();
}

void Keeper::run() {
    constexpr auto kRest =
        std::chrono::duration_cast<std::chrono::milliseconds>(kOrdersLookedAtEvery);
    os::Instant kept = clock_.now();
    while (!stopping_) {
        pollfd one{.fd = wake_.fd(), .events = POLLIN, .revents = 0};
        static_cast<void>(::poll(&one, 1, static_cast<int>(kRest.count())));
        orders_.look();
        if (clock_.now() - kept >= std::chrono::seconds(kSightWrittenEveryS)) {
            accounts_.look();  // sessions of those who are gone end even if no app asks
            registry_.keep();
            kept = clock_.now();
        }
    }
}

}  // namespace tillhost::sumpd::apps
