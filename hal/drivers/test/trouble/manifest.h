#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::trouble {

inline constexpr std::array kDeeds{
    device::Choice{"loop", {"loops", "зацикливается", "zapętla się"}},
    device::Choice{"leak", {"leaks", "ест память", "zjada pamięć"}},
    device::Choice{"crash", {"crashes", "падает", "pada"}}};
inline constexpr std::array kWhens{device::Choice{"query", {"query", "при запросе", "zapytanie"}},
                                   device::Choice{"open", {"open", "при открытии", "otwarcie"}}};

inline constexpr std::array kDriverFields{
    device::Field{
        .name = "do",
        .kind = contract::FieldKind::choice,
        .title = {"What it does", "Что делает", "Co robi"},
        .help = {"the trouble", "вид неприятности", "rodzaj kłopotu"},
        .required = true,
        .choices = kDeeds,
    },
    device::Field{
        .name = "on",
        .kind = contract::FieldKind::choice,
        .title = {"When", "Когда", "Kiedy"},
        .help = {"at which call", "при каком вызове", "przy którym wywołaniu"},
        .default_value = "query",
        .choices = kWhens,
    },
};

inline constexpr std::array kPages{device::Page{device::kDriverTitle, kDriverFields}};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::test,
    .title = {"Trouble, for tests", "Неприятности для испытаний", "Kłopoty do testów"},
    .pages = kPages,
    .recovery = contract::RecoveryClass::person,
};

}  // namespace tillhost::drivers::trouble
