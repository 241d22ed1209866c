#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/digest.h"
#include "hal/os/fake/kept_log.h"
#include "hal/os/files.h"
#include "hal/os/log.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::store {

/// Moves when told; may be read by other threads meanwhile.
class SetClock final : public os::Clock {
public:
    os::Instant now() const override { return os::Instant(std::chrono::milliseconds(ms_.load())); }
    std::int64_t unix_ms() const override { return 1'780'000'000'000 + ms_.load(); }
    void sleep_until(os::Instant) override {}
    void advance_ms(std::int64_t ms) { ms_ += ms; }

private:
    std::atomic<std::int64_t> ms_{0};
};

inline exchange::Uuid uuid_of(std::uint64_t number) {
    char text[37];
    std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012llx",
                  static_cast<unsigned long long>(number));
    return {text};
}

/// A store in a folder of its own, which can lose its process.
class World {
public:
    World() {
        std::string name = testing::TempDir() + "sumpd.XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
        make_folder();
        open();
    }
    ~World() {
        store_.reset();
        std::filesystem::remove_all(root_);
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Store& store() { return *store_; }
    Exchange& exchange() { return store_->exchange(); }
    Documents& documents() { return store_->documents(); }
    Changes& changes() { return store_->changes(); }
    Transactions& transactions() { return store_->transactions(); }
    SetClock& clock() { return clock_; }
    const os::Logger& logger() const { return logger_; }
    os::KeptLog& log() { return log_; }
    const std::string& folder() const { return folder_; }

    void close() { store_.reset(); }
    void open() { store_ = MUST(Store::open(folder_, clock_, logger_, settings_)); }

    /// What a kill at this very moment leaves, opened: the files as they are while the writer
    /// stands in the middle of a transaction, which is never committed there.
    void crash() {
        const std::string before = folder_;
        make_folder();
        const auto copied = transactions().run<exchange::Empty>(
            [&](Sql& sql) -> exchange::Outcome<exchange::Empty> {
                sql.run("UPDATE node SET code = 'never' WHERE id = 1");
                copy(before);
                return exchange::refuse(exchange::FaultCode::internal, "taken back");
            });
        ASSERT_FALSE(copied);
        store_.reset();
        std::filesystem::remove_all(before);
        open();
    }

    std::int64_t number(const std::string& statement) {
        const auto value = transactions().read<std::int64_t>(
            [&](Sql& sql) -> exchange::Outcome<std::int64_t> { return sql.number(statement); });
        return value.value_or(-1);
    }
    std::size_t files(const std::string& sub) const {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& one :
             std::filesystem::directory_iterator(folder_ + "/" + sub)) {
            ++count;
        }
        return count;
    }

private:
    void make_folder() {
        folder_ = root_ + "/" + std::to_string(++generation_);
        std::filesystem::create_directory(folder_);
    }
    /// The database first: a file that goes meanwhile was named by no row of it.
    void copy(const std::string& from) const {
        std::error_code gone;
        for (const char* name : {"/sumpd.db", "/sumpd.db-wal"}) {
            std::filesystem::copy_file(from + name, folder_ + name, gone);
        }
        for (const char* sub : {"/in", "/out"}) {
            std::filesystem::create_directory(folder_ + sub);
            for (const auto& file : std::filesystem::directory_iterator(from + sub)) {
                std::filesystem::copy_file(
                    file.path(), folder_ + sub + "/" + file.path().filename().string(), gone);
            }
        }
    }

    std::string root_;
    std::string folder_;
    int generation_ = 0;
    SetClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    const ExchangeSettings settings_{"S", {.passes = 1, .memory_bytes = 8192}};
    std::unique_ptr<Store> store_;
};

inline exchange::Document document(std::uint64_t number, std::int64_t seq,
                                   const std::string& reason = "float") {
    exchange::CashMove move{
        .shift = "1", .direction = exchange::CashDirection::in, .amount = {1000}, .reason = reason};
    return {.doc_id = uuid_of(number),
            .device_seq = seq,
            .created_at = {1'780'000'000'000, 180},
            .user_id = "u1",
            .body = std::move(move)};
}

inline AskingDevice device(std::uint64_t number, const std::string& store_id = "") {
    return {uuid_of(0xde00 + number), store_id};
}

inline exchange::Object goods(const std::string& id, const std::string& name,
                              const std::string& scope = "") {
    exchange::Object object{.kind = "Goods", .id = id};
    if (!scope.empty()) {
        object.scope = scope;
    }
    object.body = exchange::Goods{.code = id,
                                  .name = name,
                                  .unit = "796",
                                  .vat = exchange::Vat::vat_20,
                                  .type = exchange::GoodsType::piece};
    return object;
}

inline exchange::Object gone(exchange::Object object) {
    object.deleted = true;
    object.body.reset();
    return object;
}

}  // namespace tillhost::sumpd::store
