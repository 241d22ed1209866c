#pragma once

#include <array>

#include "hal/device/manifest.h"
#include "hal/drivers/fiscal/shtrih/models.h"

namespace tillhost::drivers::shtrih {

inline constexpr auto kModelNames = [] {
    std::array<std::string_view, std::size(kModels)> names{};
    for (std::size_t i = 0; i < names.size(); ++i) {
        names[i] = kModels[i].name;
    }
    return names;
}();

inline constexpr std::array kLines{contract::LineKind::serial, contract::LineKind::pty,
                                   contract::LineKind::tcp};

/// "KKT with FN protocol v1.17", command 14h; devices leave the factory with one of the first two.
inline constexpr std::array<std::int64_t, 10> kSpeeds{115200, 4800, 9600,   19200,  38400,
                                                      57600,  2400, 230400, 460800, 921600};
/// Table 21 field 4 (same document).
inline constexpr std::uint16_t kUsualTcpPort = 7778;

inline constexpr std::array kLinkChoices{
    device::Choice{"auto", {"as the device speaks", "как у аппарата", "jak w urządzeniu"}},
    device::Choice{"standard", {"standard", "стандартный", "standardowa"}},
    device::Choice{"numbered", {"with frame numbers", "с номерами кадров", "z numerami ramek"}}};

inline constexpr std::array kCommunicationFields{
    device::kPortField,
    device::Field{
        .name = "serial",
        .kind = contract::FieldKind::digits,
        .title = {"Serial number", "Заводской номер", "Numer seryjny"},
        .help = {"digits on the plate; any other registrar is then refused. Empty: any is taken",
                 "цифры на шильдике; другой аппарат не принимается. Пусто: любой",
                 "cyfry z tabliczki; inna drukarka będzie odrzucona. Puste: dowolna"},
        .min = 1,
        .max = 16,
    },
    device::Field{
        .name = "link",
        .kind = contract::FieldKind::choice,
        .title = {"Link layer", "Канальный уровень", "Warstwa łącza"},
        .help = {"how bytes are framed; auto finds out", "вид кадров на линии; auto определяет сам",
                 "rodzaj ramek na łączu; auto wykrywa sam"},
        .default_value = "auto",
        .choices = kLinkChoices,
    },
};

inline constexpr std::array kForeignChoices{
    device::Choice{"cancel", {"cancelled", "отменяется", "anulowany"}},
    device::Choice{"refuse",
                   {"left; nothing is sold", "остаётся; продажи нет", "zostaje; brak sprzedaży"}}};

inline constexpr std::array kTrainingChoices{device::Choice{"yes", {"yes", "да", "tak"}},
                                             device::Choice{"no", {"no", "нет", "nie"}}};

inline constexpr std::array kDriverFields{
    device::Field{
        .name = "password",
        .kind = contract::FieldKind::integer,
        .title = {"Operator's password", "Пароль оператора", "Hasło operatora"},
        .help = {"of table 2; shift reports need an administrator's (29 or 30)",
                 "из таблицы 2; сменным отчётам нужен пароль администратора (29 или 30)",
                 "z tabeli 2; raporty dobowe wymagają hasła administratora (29 lub 30)"},
        .min = 0,
        .max = 4'294'967'295,
        .default_value = "30",
    },
    device::Field{
        .name = "admin_password",
        .kind = contract::FieldKind::secret,
        .title = {"Administrator's password", "Пароль администратора", "Hasło administratora"},
        .help = {"for reports, tables and the clock; digits. Empty: the operator's",
                 "для отчётов, таблиц и часов; цифры. Пусто: пароль оператора",
                 "do raportów, tabel i zegara; cyfry. Puste: hasło operatora"},
        .min = 1,
        .max = 10,
    },
    device::Field{
        .name = "foreign_receipt",
        .kind = contract::FieldKind::choice,
        .title = {"A foreign open receipt", "Чужой открытый чек", "Obcy otwarty paragon"},
        .help = {"what becomes of a document that another program left open",
                 "что делать с документом, который оставила открытым другая программа",
                 "co zrobić z dokumentem pozostawionym przez inny program"},
        .default_value = "cancel",
        .choices = kForeignChoices,
    },
    device::Field{
        .name = "training",
        .kind = contract::FieldKind::choice,
        .title = {"Training", "Учебный режим", "Tryb szkoleniowy"},
        .help = {"documents are printed as training and never reach the fiscal memory",
                 "документы печатаются как учебные и не попадают в фискальную память",
                 "dokumenty są szkoleniowe i nie trafiają do pamięci fiskalnej"},
        .default_value = "no",
        .choices = kTrainingChoices,
    },
};

inline constexpr std::array kPages{device::Page{device::kCommunicationTitle, kCommunicationFields},
                                   device::Page{device::kDriverTitle, kDriverFields}};

inline constexpr std::array kCapabilities{
    contract::Capability::layout,   contract::Capability::drawer,   contract::Capability::barcodes,
    contract::Capability::pictures, contract::Capability::marking,  contract::Capability::clock,
    contract::Capability::tables,   contract::Capability::training, contract::Capability::cut};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::fiscal_registrar,
    .title = {"Shtrih-M registrars with a fiscal storage", "ККТ Штрих-М с фискальным накопителем",
              "Drukarki Sztrich-M z pamięcią fiskalną"},
    .models = kModelNames,
    .lines = kLines,
    .tcp_port = kUsualTcpPort,
    .speeds = kSpeeds,
    .pages = kPages,
    .capabilities = kCapabilities,
    .recovery = contract::RecoveryClass::replay,
    .text_page = contract::TextPage::cp1251,
    .tag_page = contract::TextPage::cp866,
};

}  // namespace tillhost::drivers::shtrih
