#include "sumpd/console/addresses.h"

#include <array>

namespace tillhost::sumpd::console {

namespace {

struct Face {
    Text name;
    std::string_view path;
    bool is_for_everybody;  ///< a schema: needs no login
};
constexpr std::array kFaces = {
    Face{Text::face_soap, "/soap", false}, Face{Text::face_xml, "/xml", false},
    Face{Text::face_json, "/v1", false},   Face{Text::face_wsdl, "/soap?wsdl", true},
    Face{Text::face_xsd, "/xsd", true},    Face{Text::face_openapi, "/openapi.json", true},
};

constexpr int kRefused = 400;  // and above, in HTTP

std::string words_of(const View& view, const Probed& said) {
    const auto say = [&](Text which) { return std::string(text(view.language, which)); };
    switch (said.outcome) {
        case ProbeOutcome::answered:
            return text(view.language,
                        said.status < kRefused ? Text::address_answers : Text::address_refuses,
                        std::to_string(said.status), std::to_string(said.took.count()));
        case ProbeOutcome::no_name: return say(Text::address_no_name);
        case ProbeOutcome::no_answer: return say(Text::address_no_answer);
        case ProbeOutcome::late: return say(Text::address_late);
        case ProbeOutcome::other_key: return say(Text::address_other_key);
        case ProbeOutcome::failed: return text(view.language, Text::address_failed, said.text);
    }
    return "";
}

std::string answer_of(const View& view, const std::string& url,
                      const std::vector<AddressAnswer>& answers) {
    for (const AddressAnswer& one : answers) {
        if (one.url == url) {
            return words_of(view, one.said);
        }
    }
    return "";
}

}  // namespace

std::vector<AddressAnswer> ask_addresses(const ServerFacts& facts) {
    std::vector<AddressAnswer> answers;
    for (const Face& face : kFaces) {
        if (face.is_for_everybody) {
            const std::string url = facts.api_url + std::string(face.path);
            answers.push_back({url, probe(url, facts.pin, kAddressTime)});
            if (answers.back().said.outcome != ProbeOutcome::answered) {
                break;
            }
        }
    }
    return answers;
}

Markup addresses(const View& view, const ServerFacts& facts,
                 const std::vector<AddressAnswer>& answers) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows;
    for (const Face& face : kFaces) {
        const std::string url = facts.api_url + std::string(face.path);
        Markup cells = panel::cell(say(face.name)) + panel::code_cell(url);
        if (!answers.empty()) {
            cells += panel::cell(answer_of(view, url, answers));
        }
        rows += panel::row(cells);
    }
    const Markup head = answers.empty()
                            ? table_head(view, {Text::interface, Text::address})
                            : table_head(view, {Text::interface, Text::address, Text::answer_now});
    return panel::heading(say(Text::addresses), 2) + panel::paragraph(say(Text::addresses_say)) +
           panel::table(say(Text::addresses), head, rows) +
           panel::paragraph(text(view.language, Text::pin_is, facts.pin)) +
           form(view, kTryAddresses,
                panel::paragraph(say(Text::try_addresses_says)) +
                    panel::button(say(Text::try_addresses)));
}

}  // namespace tillhost::sumpd::console
