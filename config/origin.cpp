// SPDX-License-Identifier: MIT
#include "config/origin.h"

#include <fmt/format.h>

namespace landfall::config {

const key_origin* find_origin(const key_origins& given, std::string_view key) {
    const auto found = given.find(key);
    return found == given.end() ? nullptr : &found->second;
}

origin origin_of(const key_origins& given, std::string_view key) {
    const key_origin* found = find_origin(given, key);
    return found == nullptr ? origin{} : found->at;
}

origin item_origin(const key_origins& given, std::string_view key, std::size_t item) {
    const key_origin* found = find_origin(given, key);
    if (found == nullptr)
        return {};
    return item < found->items.size() ? origin{found->at.source, found->items[item]} : found->at;
}

bool sound(const key_origins& given, std::string_view key) {
    const key_origin* found = find_origin(given, key);
    return found == nullptr || !found->wrong;
}

std::string place(const origin& at) {
    return at.source == nullptr
               ? std::string("default")
               : fmt::format("{}:{}:{}", printable(at.source->name), at.at.line, at.at.column);
}

} // namespace landfall::config
