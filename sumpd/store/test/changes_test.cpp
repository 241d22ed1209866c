// Claim: an app that reads page by page comes to exactly what the accounting system has sent, whole
// messages only, whatever is edited and whoever is killed meanwhile. Shown by random edits with
// seeds, against a map of each message's state.
#include "sumpd/store/changes.h"

#include <deque>
#include <future>
#include <map>
#include <random>

#include "sumpd/core/cursor.h"
#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::FaultCode;

using Objects = std::map<std::string, std::string>;  // id/scope: body

std::string key_of(const exchange::Object& object) {
    return object.id + "/" + object.scope.value_or("");
}

/// What a phone does: keeps objects and the cursor, and begins anew where it is told to.
struct App {
    std::string store_id{};
    std::int64_t max_bytes = 1000;
    Objects objects{};
    std::optional<std::string> cursor{};
    bool complete = false;
    int asked = 0;

    /// As records and as JSON, in turn; the JSON is that of its records.
    exchange::Outcome<exchange::GetChangesResponse> ask(Changes& changes) {
        const exchange::GetChanges request{.cursor = cursor, .max_bytes = max_bytes};
        if (++asked % 2 == 0) {
            return changes.get(device(1, store_id), request);
        }
        const auto at_once = changes.unmoved_as_json(device(1, store_id), request);
        const auto text = changes.get_as_json(device(1, store_id), request);
        if (!text) {
            return tl::unexpected(text.error());
        }
        auto response =
            exchange::from_json<exchange::GetChangesResponse>(*text, exchange::kAnswerBounds);
        EXPECT_TRUE(response && exchange::to_json(*response) == *text) << *text;
        if (response && cursor == response->cursor) {
            EXPECT_EQ(at_once, *text);
        } else if (at_once) {
            expect_unmoved(*at_once);
        }
        return response;
    }

    /// The import may have moved between the two questions: then the first was true in its moment.
    void expect_unmoved(const std::string& text) const {
        const auto response =
            exchange::from_json<exchange::GetChangesResponse>(text, exchange::kAnswerBounds);
        ASSERT_TRUE(response) << text;
        EXPECT_EQ(cursor, response->cursor);
        EXPECT_TRUE(response->objects.empty());
        EXPECT_FALSE(response->more);
    }

    void page(Changes& changes) {
        const auto response = ask(changes);
        ASSERT_TRUE(response) << response.error().message;
        std::int64_t bytes = 0;
        for (const exchange::Object& object : response->objects) {
            const std::string body = exchange::to_json(object);
            bytes += static_cast<std::int64_t>(body.size());
            if (object.deleted) {
                objects.erase(key_of(object));
            } else {
                objects[key_of(object)] = body;
            }
        }
        EXPECT_TRUE(bytes <= max_bytes || response->objects.size() == 1);
        EXPECT_TRUE(!response->more || !response->objects.empty());
        cursor = response->cursor;
        complete = !response->more;
    }
};

/// Sends random messages, and knows what each leaves.
class Editor {
public:
    explicit Editor(unsigned seed) : random_(seed) {}

    ToSend next() {
        ToSend message{.no = ++no_, .full = random_() % 8 == 0};
        Objects state = message.full ? Objects() : states_.back();
        const auto count = 1 + random_() % 30;
        for (std::uint64_t i = 0; i < count; ++i) {
            exchange::Object object =
                goods(std::to_string(random_() % 40), "name " + std::to_string(random_() % 5),
                      random_() % 3 == 0 ? "s" + std::to_string(random_() % 2) : "");
            if (random_() % 5 == 0) {
                object = gone(object);
            }
            state.erase(key_of(object));
            if (!object.deleted) {
                state[key_of(object)] = exchange::to_json(object);
            }
            message.objects.push_back(std::move(object));
        }
        states_.push_back(std::move(state));
        return message;
    }

    Objects newest_for(const std::string& store_id) const { return part(states_.back(), store_id); }
    bool was_once(const Objects& objects, const std::string& store_id) const {
        for (const Objects& state : states_) {
            if (part(state, store_id) == objects) {
                return true;
            }
        }
        return false;
    }
    std::mt19937& random() { return random_; }

private:
    static Objects part(const Objects& all, const std::string& store_id) {
        Objects some;
        for (const auto& [key, body] : all) {
            if (key.ends_with("/") || key.ends_with("/" + store_id)) {
                some[key] = body;
            }
        }
        return some;
    }
    std::mt19937 random_;
    std::int64_t no_ = 0;
    std::deque<Objects> states_{Objects()};
};

void edit_and_read(unsigned seed) {
    World world;
    ASSERT_TRUE(world.exchange().configure(kNode));
    Editor editor(seed);
    std::vector<App> apps{{.store_id = "s0"}, {.store_id = "s1", .max_bytes = 300}, {}};
    for (int round = 0; round < 12; ++round) {
        const auto job = world.exchange().commit(put_parts(world.exchange(), editor.next(), 2));
        ASSERT_TRUE(job) << job.error().message;
        for (auto pages = editor.random()() % 12; pages > 0; --pages) {
            App& app = apps[editor.random()() % apps.size()];
            app.page(world.changes());
            ASSERT_TRUE(!app.complete || editor.was_once(app.objects, app.store_id))
                << "seed=" << seed << " round=" << round;
        }
        if (editor.random()() % 3 == 0) {
            world.crash();
        }
        ASSERT_EQ(end_of(world.exchange(), job->job_id).state, exchange::JobState::done);
    }
    for (App& app : apps) {
        do {
            app.page(world.changes());
        } while (!app.complete);
        EXPECT_EQ(app.objects, editor.newest_for(app.store_id)) << "seed=" << seed;
    }
}

TEST(Changes, AnAppComesToWhatWasSentWhateverIsEditedMeanwhile) {
    for (unsigned seed = 1; seed <= 12; ++seed) {
        edit_and_read(seed);
    }
}

class ChangesTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(world_.exchange().configure(kNode)); }
    exchange::Outcome<exchange::GetChangesResponse> get(const exchange::GetChanges& request,
                                                        const std::string& store_id = "") {
        return world_.changes().get(device(1, store_id), request);
    }
    World world_;
};

TEST_F(ChangesTest, ACursorHoldsForItsStoreItsKindsAndItsEpoch) {
    send(world_.exchange(), {.objects = {goods("1", "Milk")}});
    const auto first = get({.max_bytes = 5000});
    ASSERT_TRUE(first);
    EXPECT_FALSE(get({.cursor = first->cursor, .max_bytes = 5000})->more);
    const auto store = get({.cursor = first->cursor, .max_bytes = 5000}, "s1");
    const auto kinds = get({.cursor = first->cursor, .max_bytes = 5000, .kinds = {{"Goods", 1}}});
    auto other = *core::cursor_from(first->cursor);
    other.epoch = "before";
    const auto epoch = get({.cursor = core::to_text(other), .max_bytes = 5000});
    for (const auto& refused : {store, kinds, epoch}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, FaultCode::resync_required);
    }
    EXPECT_EQ(get({.cursor = "x", .max_bytes = 5000}).error().code, FaultCode::bad_request);
}

TEST_F(ChangesTest, GivesTheKindsThatAreAskedForAndAtLeastOneObject) {
    exchange::Object store{.kind = "Store", .id = "s"};
    store.body = exchange::Store{.name = "Shop"};
    send(world_.exchange(), {.objects = {goods("1", "Milk"), store, goods("2", "Bread")}});
    const auto stores = get({.max_bytes = 5000, .kinds = {{"Store", 1}}});
    ASSERT_EQ(stores->objects.size(), 1U);
    EXPECT_EQ(stores->objects[0], store);
    EXPECT_FALSE(stores->more);
    const auto small = get({.max_bytes = 1});
    EXPECT_EQ(small->objects.size(), 1U);
    EXPECT_TRUE(small->more);
}

TEST_F(ChangesTest, WhereNothingIsNewNoDatabaseIsAsked) {
    send(world_.exchange(), {.objects = {goods("1", "Milk")}});
    const auto first = get({.max_bytes = 5000});
    // All readers are taken away for good: asking for one would be seen as a wait without end.
    std::promise<void> release;
    std::vector<std::unique_ptr<os::Thread>> readers;
    std::atomic<std::size_t> inside{0};
    const auto released = release.get_future().share();
    for (std::size_t i = 0; i < kReadersMax; ++i) {
        readers.push_back(std::make_unique<os::Thread>("reader", [&] {
            EXPECT_TRUE(world_.transactions().read<exchange::Empty>(
                [&](Sql&) -> exchange::Outcome<exchange::Empty> {
                    ++inside;
                    released.wait();
                    return exchange::Empty{};
                }));
        }));
    }
    while (inside < kReadersMax) {
        std::this_thread::yield();
    }
    const auto idle = get({.cursor = first->cursor, .max_bytes = 5000, .wait_ms = 1});
    EXPECT_TRUE(idle->objects.empty());
    EXPECT_EQ(idle->cursor, first->cursor);
    release.set_value();
}

TEST_F(ChangesTest, WhoWaitsIsWokenByACommitAndByTheEnd) {
    std::promise<std::size_t> got;
    const os::Thread waiting("app", [&] {
        const auto response = get({.max_bytes = 5000, .wait_ms = 600'000});
        got.set_value(response->objects.size());
    });
    send(world_.exchange(), {.objects = {goods("1", "Milk")}});
    EXPECT_EQ(got.get_future().get(), 1U);
    const std::string cursor = get({.max_bytes = 5000})->cursor;
    const os::Thread last("app", [&] {
        EXPECT_TRUE(
            get({.cursor = cursor, .max_bytes = 5000, .wait_ms = 600'000})->objects.empty());
    });
    world_.store().stop();
}

}  // namespace
}  // namespace tillhost::sumpd::store
