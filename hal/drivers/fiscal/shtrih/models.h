#pragma once

#include <string_view>

namespace tillhost::drivers::shtrih {

/// A model as FCh names it, and what is peculiar to it. Models that are not listed are served
/// alike. Source: vendor's "KKT with FN protocol v1.17", chapter 1, and the models named in public
/// logs; who wants tags first: the vendor's open driver, repository shtrih-m/javapos_shtrih,
/// DeviceMetrics and getCapOperationTagsFirst.
struct Model {
    std::string_view name;
    /// "Cash core" firmware and mobile models want tags of an operation before the operation.
    bool tags_first = false;
};

inline constexpr Model kModels[] = {
    {"ШТРИХ-М-01Ф"},
    {"ШТРИХ-М-02Ф"},
    {"ШТРИХ-ЛАЙТ-01Ф"},
    {"ШТРИХ-ЛАЙТ-02Ф"},
    {"ШТРИХ-МИНИ-01Ф"},
    {"ШТРИХ-МИНИ-02Ф"},
    {"ШТРИХ-ФР-01Ф"},
    {"ШТРИХ-ФР-02Ф"},
    {"ШТРИХ-ON-LINE"},
    {"РР-01Ф"},
    {"РР-02Ф"},
    {"РР-03Ф"},
    {"РР-04Ф"},
    {"РИТЕЙЛ-01Ф"},
    {"ЭЛВЕС-МФ"},
    {"ШТРИХ-NANO-Ф"},
    {"ШТРИХ-МОБАЙЛ-Ф", true},
    {"ШТРИХ-СМАРТПОС-Ф", true},
};

/// The row of that name, or nullptr.
constexpr const Model* find_model(std::string_view name) {
    for (const Model& model : kModels) {
        if (model.name == name) {
            return &model;
        }
    }
    return nullptr;
}

}  // namespace tillhost::drivers::shtrih
