#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::toy {

inline constexpr std::array kLines{contract::LineKind::serial, contract::LineKind::pty,
                                   contract::LineKind::tcp};

inline constexpr std::array kCommunicationFields{
    device::kPortField,
    device::Field{
        .name = "serial",
        .title = {"Serial number", "Заводской номер", "Numer seryjny"},
        .help = {"8 characters; any other registrar is then refused. Empty: any is taken",
                 "8 знаков; другой аппарат не принимается. Пусто: любой",
                 "8 znaków; inna drukarka będzie odrzucona. Puste: dowolna"},
        .min = 8,
        .max = 8,
    },
};

inline constexpr std::array kPages{device::Page{device::kCommunicationTitle, kCommunicationFields}};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::fiscal_registrar,
    .title = {"Toy registrar, for tests", "Игрушечная ККТ для испытаний",
              "Drukarka-zabawka do testów"},
    .lines = kLines,
    .pages = kPages,
    .recovery = contract::RecoveryClass::counters,
};

}  // namespace tillhost::drivers::toy
