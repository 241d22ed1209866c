#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "simulators/core/fiscal_store.h"
#include "simulators/fiscal/shtrih/link.h"

namespace tillhost::simulators::shtrih {

/// Whether a model, by its code in FCh, wants the tags of an operation before it: those with "cash
/// core" firmware (16, 20, 21, 45, 46) and the mobile one (19). Source: the vendor's open driver,
/// repository shtrih-m/javapos_shtrih, DeviceMetrics and getCapOperationTagsFirst; the protocol's
/// text leaves the order open.
bool tags_first_by_model(std::uint8_t code);

/// A registrar as it leaves the shop that set it up. Everything has a value that works.
struct ShtrihOptions {
    std::uint64_t seed = 1;
    /// The device's clock where Instant is zero, milliseconds since 1970, no zone.
    std::int64_t clock_ms_at_zero = 1'780'000'000'000;

    std::uint8_t model_code = 0x2D;
    std::string model_name = "ШТРИХ-СМАРТПОС-Ф";
    std::string serial = "0000000000001234";     ///< 16 digits
    std::string fn_number = "9999078900012955";  ///< 16 digits
    std::string inn = "7700000001";              ///< 10 or 12 digits
    std::string rnm = "0000000001012345";        ///< registration number of the device
    std::string user = "ООО \"ПРИМЕР\"";
    std::string address = "г. Москва, ул. Примерная, д. 1";
    std::string ofd_name = "ОПЕРАТОР ДАННЫХ";
    std::string ofd_inn = "7700000002";
    std::string operator_name = "СИС. АДМИНИСТРАТОР";
    std::uint16_t firmware_build = 24041;

    int paper_columns = 42;       ///< 32 to 48
    bool short_status_17 = true;  ///< 10h: 17 bytes, else 16
    bool full_status_50 = true;   ///< 11h: 50 bytes, else 48
    std::size_t operations_max = 1000;
    std::uint8_t ffd = 2;  ///< table 17 field 17: 2 is FFD 1.05, 3 is 1.1, 4 is 1.2
    /// Tags and marking codes of an operation go before it, or after it; absent: as that model
    /// wants them (tags_first_by_model).
    std::optional<bool> operation_tags_first{};

    os::Duration command_time = std::chrono::milliseconds(2);
    os::Duration position_time = std::chrono::milliseconds(2);   ///< FF46h
    os::Duration document_time = std::chrono::milliseconds(30);  ///< where the FN signs
    os::Duration line_time = std::chrono::milliseconds(5);       ///< one printed line
    LinkOptions link{};

    /// Shared, because the memory outlives the simulator; a new one in memory if null.
    std::shared_ptr<FiscalStore> store{};
};

}  // namespace tillhost::simulators::shtrih
