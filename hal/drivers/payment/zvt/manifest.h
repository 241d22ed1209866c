#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::zvt {

inline constexpr std::array<std::string_view, 1> kModelNames{"ZVT (PA00P015)"};
inline constexpr std::array kLines{contract::LineKind::tcp, contract::LineKind::serial,
                                   contract::LineKind::pty};

inline constexpr std::array kLinkChoices{
    device::Choice{"tcp", {"network", "сеть", "sieć"}},
    device::Choice{"serial",
                   {"serial or USB", "последовательный порт или USB", "port szeregowy lub USB"}}};

inline constexpr std::array kYesNo{device::Choice{"yes", {"yes", "да", "tak"}},
                                   device::Choice{"no", {"no", "нет", "nie"}}};

inline constexpr std::array kCommunicationFields{
    device::kPortField,
    device::Field{
        .name = "link",
        .kind = contract::FieldKind::choice,
        .title = {"Connection", "Подключение", "Połączenie"},
        .help = {"how the terminal is connected; a network port is often 20007",
                 "как подключён терминал; сетевой порт часто 20007",
                 "jak podłączono terminal; port sieciowy to często 20007"},
        .default_value = "tcp",
        .choices = kLinkChoices,
    },
    device::Field{
        .name = "keep_open",
        .kind = contract::FieldKind::choice,
        .title = {"Keep the connection", "Держать соединение", "Utrzymuj połączenie"},
        .help = {"no: a connection for each operation; yes: it stays open between them",
                 "нет: соединение на каждую операцию; да: остаётся открытым",
                 "nie: połączenie na każdą operację; tak: pozostaje otwarte"},
        .default_value = "no",
        .choices = kYesNo,
    },
    device::Field{
        .name = "answer_timeout_s",
        .kind = contract::FieldKind::integer,
        .title = {"Answer within", "Ждать ответа", "Czas na odpowiedź"},
        .help = {"T3: how long a command may stay unanswered",
                 "T3: сколько ждать ответа на команду", "T3: jak długo czekać na odpowiedź"},
        .unit = "s",
        .min = 1,
        .max = 60,
        .default_value = "5",
    },
    device::Field{
        .name = "completion_timeout_s",
        .kind = contract::FieldKind::integer,
        .title = {"Finish within", "Ждать завершения", "Czas na zakończenie"},
        .help = {"T4: how long nothing may come from the terminal during an operation",
                 "T4: сколько терминал может молчать во время операции",
                 "T4: jak długo terminal może milczeć podczas operacji"},
        .unit = "s",
        .min = 30,
        .max = 600,
        .default_value = "180",
    },
};

inline constexpr std::array kPrintsChoices{
    device::Choice{"till", {"the till", "касса", "kasa"}},
    device::Choice{"terminal", {"the terminal", "терминал", "terminal"}}};

inline constexpr std::array kCharsetChoices{
    device::Choice{"auto", {"as the text looks", "по виду текста", "według tekstu"}},
    device::Choice{"cp437", {"code page 437", "кодовая страница 437", "strona kodowa 437"}},
    device::Choice{"latin1", {"Latin-1", "Latin-1", "Latin-1"}},
    device::Choice{"utf8", {"UTF-8", "UTF-8", "UTF-8"}}};

inline constexpr std::array kCurrencyChoices{
    device::Choice{"EUR", {"EUR", "EUR", "EUR"}}, device::Choice{"CHF", {"CHF", "CHF", "CHF"}},
    device::Choice{"GBP", {"GBP", "GBP", "GBP"}}, device::Choice{"USD", {"USD", "USD", "USD"}},
    device::Choice{"PLN", {"PLN", "PLN", "PLN"}}, device::Choice{"CZK", {"CZK", "CZK", "CZK"}},
    device::Choice{"HUF", {"HUF", "HUF", "HUF"}}, device::Choice{"DKK", {"DKK", "DKK", "DKK"}},
    device::Choice{"SEK", {"SEK", "SEK", "SEK"}}, device::Choice{"NOK", {"NOK", "NOK", "NOK"}},
    device::Choice{"BGN", {"BGN", "BGN", "BGN"}}, device::Choice{"RON", {"RON", "RON", "RON"}},
    device::Choice{"ISK", {"ISK", "ISK", "ISK"}}, device::Choice{"RSD", {"RSD", "RSD", "RSD"}},
    device::Choice{"RUB", {"RUB", "RUB", "RUB"}}, device::Choice{"TRY", {"TRY", "TRY", "TRY"}},
    device::Choice{"UAH", {"UAH", "UAH", "UAH"}},
};

inline constexpr std::array kDriverFields{
    device::Field{
        .name = "password",
        .kind = contract::FieldKind::secret,
        .title = {"Till's password", "Пароль кассы", "Hasło kasy"},
        .help = {"set in the terminal, up to 6 digits; empty: 000000",
                 "задан в терминале, до 6 цифр; пусто: 000000",
                 "ustawione w terminalu, do 6 cyfr; puste: 000000"},
        .min = 1,
        .max = 6,
    },
    device::Field{
        .name = "currency",
        .kind = contract::FieldKind::choice,
        .title = {"Currency", "Валюта", "Waluta"},
        .help = {"the terminal's own", "валюта терминала", "waluta terminala"},
        .default_value = "EUR",
        .choices = kCurrencyChoices,
    },
    device::Field{
        .name = "prints",
        .kind = contract::FieldKind::choice,
        .title = {"Receipts are printed by", "Чеки печатает", "Paragony drukuje"},
        .help = {"the till gets them with the result, or the terminal prints them itself",
                 "касса получает их с результатом, или терминал печатает сам",
                 "kasa otrzymuje je z wynikiem albo terminal drukuje sam"},
        .default_value = "till",
        .choices = kPrintsChoices,
    },
    device::Field{
        .name = "charset",
        .kind = contract::FieldKind::choice,
        .title = {"Characters", "Кодировка", "Kodowanie znaków"},
        .help = {"of the terminal's texts; change it if letters are wrong",
                 "текстов терминала; смените, если буквы неверны",
                 "tekstów terminala; zmień, gdy litery są błędne"},
        .default_value = "auto",
        .choices = kCharsetChoices,
    },
};

inline constexpr std::array kPages{device::Page{device::kCommunicationTitle, kCommunicationFields},
                                   device::Page{device::kDriverTitle, kDriverFields}};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::payment_terminal,
    .title = {"Card terminals, ZVT", "Платёжные терминалы, ZVT", "Terminale płatnicze, ZVT"},
    .models = kModelNames,
    .lines = kLines,
    .pages = kPages,
    .recovery = contract::RecoveryClass::counters,
    .budgets = {.open_ms = 180'000,
                .execute_ms = 900'000,
                .resolve_ms = 180'000,
                .query_ms = 120'000},
};

}  // namespace tillhost::drivers::zvt
