// SPDX-License-Identifier: MIT
// Recordings and frames that are not in the repository.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace landfall::test_support {

/// A file in the folder that LANDFALL_SHARED_DATA names. Empty, and said so: the case is skipped.
/// With CI=true a named folder without the file is a failure.
inline std::string shared_file(const std::string& name) {
    const char* const folder = std::getenv("LANDFALL_SHARED_DATA");
    if (folder == nullptr || *folder == '\0') {
        MESSAGE("skipped: LANDFALL_SHARED_DATA is not set");
        return {};
    }
    const std::string path = std::filesystem::path(folder) / name;
    if (std::filesystem::exists(path)) {
        return path;
    }
    const char* const strict = std::getenv("CI");
    if (strict != nullptr && std::string_view(strict) == "true") {
        FAIL(path << " is absent");
    }
    MESSAGE("skipped: " << path << " is absent");
    return {};
}

} // namespace landfall::test_support
