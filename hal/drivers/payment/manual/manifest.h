#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::manual {

inline constexpr std::array kModels{std::string_view("manual")};
inline constexpr std::array kFields{
    device::Field{
        .name = "terminal_id",
        .kind = contract::FieldKind::text,
        .title = {"Terminal's number", "Номер терминала", "Numer terminala"},
        .help = {"as printed on the terminal's receipts; another one is another terminal",
                 "как напечатан на чеках терминала; другой номер — другой терминал",
                 "jak na wydrukach terminala; inny numer to inny terminal"},
        .min = 1,
        .max = 32,
        .default_value = "manual",
    },
    device::Field{
        .name = "confirm_above_minor",
        .kind = contract::FieldKind::integer,
        .title = {"Enter twice above", "Вводить дважды свыше", "Wpisywać dwa razy powyżej"},
        .help = {"above this amount, in minor units, the person enters it a second time",
                 "сумма больше этой, в копейках, вводится второй раз",
                 "kwotę wyższą od tej, w groszach, wpisuje się drugi raz"},
        .min = 0,
        .max = 999'999'999'999,
        .default_value = "100000",
    },
};
inline constexpr std::array kPages{
    device::Page{.title = device::kDriverTitle, .fields = kFields},
};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::payment_terminal,
    .title = {"Card terminal without a link: the cashier enters the result",
              "Терминал без связи: результат вводит кассир",
              "Terminal bez łącza: wynik wpisuje kasjer"},
    .models = kModels,
    .pages = kPages,
    .recovery = contract::RecoveryClass::person,
};

}  // namespace tillhost::drivers::manual
