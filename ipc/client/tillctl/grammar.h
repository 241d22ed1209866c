#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "ipc/client/tillctl/command_line.h"
#include "ipc/client/tillctl/invocation.h"

// The verbs by topic. Each fills a value of its own and makes it the invocation's when it is the
// verb that was chosen.
namespace tillhost::tillctl {

void declare_documents(CommandLine& line, Invocation& to);   // grammar_documents.cpp
void declare_payments(CommandLine& line, Invocation& to);    // grammar_payments.cpp
void declare_operations(CommandLine& line, Invocation& to);  // grammar_operations.cpp
void declare_devices(CommandLine& line, Invocation& to);     // grammar_service.cpp
void declare_service(CommandLine& line, Invocation& to);
void declare_lines(CommandLine& line, Invocation& to);
void declare_questions(CommandLine& line, Invocation& to);  // grammar_questions.cpp
void declare_dongle(CommandLine& line, Invocation& to);     // grammar_dongle.cpp
void declare_sharing(CommandLine& line, Invocation& to);    // grammar_sharing.cpp
void declare_setup(CommandLine& line, Invocation& to);      // grammar_setup.cpp
void declare_access(CommandLine& line, Invocation& to);     // grammar_access.cpp
void declare_settings(CommandLine& line, Invocation& to);   // grammar_settings.cpp
void declare_licence(CommandLine& line, Invocation& to);    // grammar_licence.cpp

/// The id of an operation.
void take_id(VerbGrammar& verb, std::string_view name, std::string_view help, base::OperationId& id,
             Presence presence = Presence::optional);
/// The device and how a document is handed over to it.
void take_hand_over(VerbGrammar& verb, HandOver& how);
/// The same without the device.
void take_how(VerbGrammar& verb, HandOver& how);
/// What is wrong with a word as an amount of that currency; nothing named: of any.
Problem amount_problem(Language language, const std::string& word, const std::string& currency);

/// One of these enumerators of the contract, by its name.
template <class E>
void take_enumerator(VerbGrammar& verb, std::string_view name, std::string_view help,
                     std::vector<E> known, E& to, Presence presence = Presence::optional) {
    std::vector<std::string> names;
    for (const E one : known) {
        names.emplace_back(contract::name_of(one));
    }
    verb.choice(
        name, help, std::move(names),
        [known = std::move(known), &to](const std::string& word) {
            for (const E one : known) {
                if (contract::name_of(one) == word) {
                    to = one;
                }
            }
            return Problem();
        },
        presence);
}

/// What was filled is what the invocation does.
template <class V>
void keep(VerbGrammar& verb, Invocation& to, std::shared_ptr<V> filled) {
    verb.chosen([&to, filled] {
        to.verb = std::move(*filled);
        return Problem();
    });
}

}  // namespace tillhost::tillctl
