// The promises of leases, by seeds: programs that take, beat, give back, fall silent and die; an
// administrator who takes away; a clock that steps; licd killed at any moment.
#include <gtest/gtest.h>

#include <random>

#include "licd/core/test/desk_rig.h"

namespace tillhost::licd::core {
namespace {

constexpr std::uint64_t kSeeds = 300;
constexpr int kSteps = 400;
constexpr int kPrograms = 6;

/// A program as it sees itself: what it believes to have, and until when.
struct Believer {
    DeskRig::Program program;
    bool connected = false;
    struct Belief {
        contract::LicenceLease lease;
        os::Instant until{};
    };
    std::map<std::int64_t, Belief> has{};
    std::uint64_t next_request = 1;
};

class Life {
public:
    explicit Life(std::uint64_t seed) : random_(seed) {
        rig_.store.held = true;
        for (int i = 0; i < kPrograms; ++i) {
            programs_.push_back({});
            connect(i);
        }
    }

    void run() {
        for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
            one_step();
            rig_.desk->book().check(rig_.keys.counts());
            expect_nobody_doubled();
        }
    }

    std::uint64_t grants() const { return grants_; }
    std::uint64_t kills() const { return kills_; }

private:
    std::uint64_t pick(std::uint64_t below) { return random_() % below; }

    void connect(int i) {
        Believer& one = programs_[static_cast<std::size_t>(i)];
        one.program = rig_.program("instance-" + std::to_string(i), 100 + i,
                                   i < 4 ? "user" + std::to_string(i / 2) : "");
        one.connected = true;
    }

    void one_step() {
        const int i = static_cast<int>(pick(kPrograms));
        Believer& one = programs_[static_cast<std::size_t>(i)];
        if (!one.connected) {
            connect(i);
        }
        switch (pick(14)) {
            case 0:
            case 1:
            case 2: acquire(one); break;
            case 3:
            case 4:
            case 5: beat(one); break;
            case 6:
            case 7: release(one); break;
            case 8: pass(); break;
            case 9: die(one); break;
            case 10: take_away(); break;
            case 11: cut(one); break;
            case 12:
                rig_.clock.set_unix_ms_at_zero(static_cast<std::int64_t>(pick(1ULL << 42)));
                break;
            default: kill(); break;
        }
        rig_.store.sync();
        rig_.desk->on_durable();
    }

    void acquire(Believer& one) {
        const char* const names[] = {"till", "desk", "free"};
        const os::Instant asked = rig_.clock.now();
        const std::uint64_t request = one.next_request++;
        const std::int64_t id = rig_.last_id + 1;
        const std::string name = names[pick(3)];
        auto reply = rig_.acquire(one.program, request + 1000 * one.program.peer.value, name);
        EXPECT_TRUE(!reply || !DeskRig::granted(reply)) << "an answer before it was on disk";
        if (pick(8) == 0) {
            kill();  // what was not synced is lost, and nobody was told of it
            return;
        }
        rig_.store.sync();
        rig_.desk->on_durable();
        if (!reply) {
            reply = rig_.reply_of(one.program.peer, id);
        }
        if (const auto got = DeskRig::granted(reply)) {
            ++grants_;
            believe(one, got->lease, asked);
        }
    }

    static void believe(Believer& one, const contract::LicenceLease& lease, os::Instant asked) {
        one.has[lease.number] = {lease, asked + std::chrono::milliseconds(lease.time_ms)};
    }

    void beat(Believer& one) {
        auto has = one.has;
        for (const auto& [number, belief] : has) {
            rig_.store.sync();
            const os::Instant asked = rig_.clock.now();
            contract::BeatLicencesRequest body;
            body.session = one.program.session;
            body.leases.push_back(
                {number, belief.lease.generation, static_cast<std::int64_t>(pick(2) * used_++)});
            const std::int64_t id = rig_.last_id + 1;
            auto reply = rig_.ask(one.program, contract::RequestKind::beat_licences,
                                  contract::to_value(body));
            rig_.store.sync();
            rig_.desk->on_durable();
            reply = reply ? reply : rig_.reply_of(one.program.peer, id);
            ASSERT_TRUE(reply);
            const auto answer = MUST(contract::from_value<contract::BeatLicencesReply>(
                                         std::get<contract::Value>(reply->outcome)))
                                    .leases.at(0);
            if (answer.ended) {
                one.has.erase(number);
                confirm(one, belief.lease);
            } else if (answer.renewed) {
                believe(one, *answer.renewed, asked);
            }
        }
    }

    void confirm(Believer& one, const contract::LicenceLease& lease) {
        contract::ReleaseLicenceRequest body;
        body.session = one.program.session;
        body.number = lease.number;
        body.generation = lease.generation;
        body.request_id = DeskRig::request_id(1);
        rig_.ask(one.program, contract::RequestKind::release_licence, contract::to_value(body));
    }

    void release(Believer& one) {
        if (!one.has.empty()) {
            const auto lease = one.has.begin()->second.lease;
            one.has.erase(one.has.begin());
            confirm(one, lease);
        }
    }

    void pass() {
        const os::Duration times[] = {std::chrono::seconds(30), std::chrono::seconds(200),
                                      std::chrono::seconds(700), std::chrono::seconds(2000)};
        rig_.store.sync();
        rig_.pass(times[pick(4)]);
    }

    void die(Believer& one) {
        one.has.clear();
        rig_.desk->on_process_ended(one.program.pid);
        rig_.disconnect(one.program);
        one.connected = false;
    }

    void cut(Believer& one) {
        rig_.disconnect(one.program);
        one.connected = false;
    }

    void take_away() {
        const auto& leases = rig_.desk->book().leases();
        if (!leases.empty()) {
            auto at = leases.begin();
            std::advance(at, static_cast<std::ptrdiff_t>(pick(leases.size())));
            rig_.free_licence(static_cast<std::int64_t>(at->first));
        }
    }

    void kill() {
        ++kills_;
        rig_.start();
        for (Believer& one : programs_) {
            one.connected = false;
        }
        // An acknowledged lease that is still promised is there.
        for (const Believer& one : programs_) {
            for (const auto& [number, belief] : one.has) {
                // An uncounted one that was taken away ends at once: nobody can have it twice.
                EXPECT_TRUE(belief.lease.seat == 0 || belief.until <= rig_.clock.now() ||
                            rig_.desk->book().leases().contains(static_cast<std::uint64_t>(number)))
                    << "lease " << number << " was lost";
            }
        }
    }

    /// By the programs' own belief: a seat has one share at a time.
    void expect_nobody_doubled() {
        std::map<std::pair<std::string, std::int64_t>, std::string> shares;
        for (const Believer& one : programs_) {
            for (const auto& [number, belief] : one.has) {
                if (belief.lease.seat == 0 || belief.until <= rig_.clock.now()) {
                    continue;
                }
                const int index = static_cast<int>(&one - programs_.data());
                const std::string share = belief.lease.licence == "desk" && index < 4
                                              ? "user" + std::to_string(index / 2)
                                              : one.program.instance;
                const auto [at, is_new] =
                    shares.try_emplace({belief.lease.licence, belief.lease.seat}, share);
                EXPECT_EQ(at->second, share)
                    << belief.lease.licence << " seat " << belief.lease.seat;
            }
        }
    }

    std::mt19937_64 random_;
    DeskRig rig_;
    std::vector<Believer> programs_;
    std::int64_t used_ = 1;
    std::uint64_t grants_ = 0;
    std::uint64_t kills_ = 0;
};

TEST(LeaseBook, NeverLendsASeatTwiceNorLosesOneByThreeHundredSeeds) {
    std::uint64_t grants = 0;
    std::uint64_t kills = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Life life(seed);
        life.run();
        grants += life.grants();
        kills += life.kills();
    }
    EXPECT_GT(grants, 10'000U);
    EXPECT_GT(kills, 3'000U);
}

}  // namespace
}  // namespace tillhost::licd::core
