#pragma once

#include "hal/device/manifest.h"

namespace tillhost::drivers::echo {

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::test,
    .title = {"Echo, for tests", "Эхо для испытаний", "Echo do testów"},
    .recovery = contract::RecoveryClass::person,
};

}  // namespace tillhost::drivers::echo
