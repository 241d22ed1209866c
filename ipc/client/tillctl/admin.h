#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ipc/client/cpp/client.h"
#include "ipc/client/tillctl/language.h"

// The verbs that set devices up.
namespace tillhost::tillctl {

class Console;
enum class Exit : int;

struct ModelsVerb {};
struct PortsVerb {
    std::string driver;
    std::string address;
};
/// What is plugged in, and what may be set up there. Proposes; opens nothing and changes nothing.
struct ScanVerb {};
/// Without a driver the terminal is asked step by step.
struct AddVerb {
    std::string driver;
    std::string device;
    std::string name;
    std::vector<contract::Setting> settings;
    bool test = true;
};
/// Without a change the terminal is asked step by step; where there is none, the settings are
/// shown.
struct ConfigureVerb {
    std::string device;
    std::optional<std::string> name;
    std::vector<contract::Setting> settings;
    std::vector<std::string> unset;
    bool show = false;
    bool test = true;
};
struct RemoveVerb {
    std::string device;
};
struct TestVerb {
    std::string device;
    bool find_speed = false;  ///< nothing is looked for unasked
};
struct DoctorVerb {
    std::string device;  ///< empty: all
};

using AdminVerb = std::variant<ModelsVerb, PortsVerb, ScanVerb, AddVerb, ConfigureVerb, RemoveVerb,
                               TestVerb, DoctorVerb>;

/// What an administration verb works with.
struct AdminContext {
    client::Client& devd;
    Console& console;
    Language language;
    bool json;
    const os::Clock& clock;
    os::Duration timeout;

    /// Of a request that is made now: a person may think as long as they like.
    os::Deadline deadline() const { return clock.now() + timeout; }
};

/// Does it and says what came of it. An error is the caller's to tell.
base::Result<Exit> run_admin(const AdminVerb& verb, const AdminContext& context);

// --- the steps on a terminal (wizard.cpp)

/// What a person wants; nothing if they gave up. Nothing was changed yet.
base::Result<std::optional<AddVerb>> ask_what_to_add(const AdminContext& context);
base::Result<std::optional<ConfigureVerb>> ask_what_to_change(const AdminContext& context,
                                                              const std::string& device);

// --- texts (admin_texts.cpp); each ends with a line end

std::string models_text(Language language, const std::vector<contract::Manifest>& manifests);
std::string ports_text(Language language, const std::vector<contract::Port>& ports);
/// One port's state and why, without a line end; its address takes at least `width` columns.
inline constexpr std::size_t kPortColumns = 32;
std::string port_text(Language language, const contract::Port& port,
                      std::size_t width = kPortColumns);
/// "FT232R USB UART 0403:6001 A5069RR4"
std::string adapter_text(const contract::UsbAdapter& adapter);
std::string settings_text(Language language, const contract::DeviceSettings& settings);
std::string check_text(Language language, const std::string& device,
                       const contract::CheckReply& reply);
std::string setup_text(Language language, const std::string& device,
                       const std::vector<contract::SetupStep>& missing);

}  // namespace tillhost::tillctl
