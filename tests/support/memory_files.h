// SPDX-License-Identifier: MIT
// A file system that fails and loses power on demand: what was not synced may be gone, cut, or
// there, each by itself.
#pragma once

#include "delivery/files/files.h"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace landfall::test {

using delivery::file_error;
using delivery::file_result;
using delivery::folder_entry;

class memory_files final : public delivery::file_system {
  public:
    using content = std::vector<std::uint8_t>;

    /// Calls since the counter was set; at `fail_at` (from 1) one fails, at `dead_at` all do.
    std::uint64_t calls = 0;
    std::uint64_t fail_at = 0;
    std::uint64_t dead_at = 0;
    std::function<void()> after; ///< of each call

    /// Power comes back.
    void lose_power(std::mt19937& random) {
        std::map<std::string, std::size_t> names;
        for (const operation& each : journal_) {
            if (each.durable || random() % 2 == 0) {
                apply(names, each);
            }
        }
        // Whose folder is gone is gone.
        for (auto at = names.begin(); at != names.end();) {
            const std::string in = parent(at->first);
            at = in == "." || names.contains(in) ? std::next(at) : names.erase(at);
        }
        for (node& each : nodes_) {
            if (each.now != each.durable) {
                lose(each, random);
            }
            each.durable = each.now;
        }
        names_ = names;
        journal_.clear();
        for (const auto& [path, number] : names) {
            journal_.push_back({true, {}, path, number});
        }
        restart();
    }
    /// The process was killed; the system goes on.
    void restart() { calls = fail_at = dead_at = 0; }

    /// Past all counters.
    [[nodiscard]] const content* peek(const std::string& path) const {
        const auto at = names_.find(path);
        return at == names_.end() || at->second == folder ? nullptr : &nodes_[at->second].now;
    }
    [[nodiscard]] content& poke(const std::string& path) { return nodes_.at(names_.at(path)).now; }
    void erase(const std::string& path) { names_.erase(path); }
    /// A file as somebody else would leave it; false where its folder is not there.
    bool put(const std::string& path, base::octets data) {
        if (!has_folder(path)) {
            return false;
        }
        nodes_.push_back({{data.begin(), data.end()}, {data.begin(), data.end()}});
        change({true, {}, path, nodes_.size() - 1});
        return true;
    }
    [[nodiscard]] std::vector<std::string> all() const {
        std::vector<std::string> paths;
        for (const auto& [path, number] : names_) {
            if (number != folder) {
                paths.push_back(path);
            }
        }
        return paths;
    }

    file_result<content> read(const std::string& path, std::size_t most) override {
        const called call(*this);
        const auto at = names_.find(path);
        if (call.fails || (at != names_.end() && at->second == folder)) {
            return std::unexpected(file_error::failed);
        }
        if (at == names_.end()) {
            return std::unexpected(file_error::not_found);
        }
        if (nodes_[at->second].now.size() > most) {
            return std::unexpected(file_error::too_long);
        }
        return nodes_[at->second].now;
    }
    file_result<content> read_begin(const std::string& path, std::size_t most) override {
        auto all = read(path, ~std::size_t{0});
        if (all) {
            all->resize(std::min(all->size(), most));
        }
        return all;
    }
    file_result<std::vector<folder_entry>> list(const std::string& in) override {
        const called call(*this);
        if (call.fails || !names_.contains(in)) {
            return std::unexpected(call.fails ? file_error::failed : file_error::not_found);
        }
        std::vector<folder_entry> found;
        for (const auto& [path, number] : names_) {
            if (parent(path) == in) {
                found.push_back({path.substr(in.size() + 1), 0, number == folder});
            }
        }
        return found;
    }
    file_result<int> create(const std::string& path) override {
        const called call(*this);
        if (call.fails || names_.contains(path)) {
            return std::unexpected(call.fails ? file_error::failed : file_error::exists);
        }
        if (!has_folder(path)) {
            return std::unexpected(file_error::not_found);
        }
        nodes_.emplace_back();
        change({false, {}, path, nodes_.size() - 1});
        return static_cast<int>(nodes_.size() - 1);
    }
    file_result<int> append(const std::string&) override {
        return std::unexpected(file_error::failed);
    }
    file_result<int> lock(const std::string& path) override { return append(path); }
    file_result<void> write(int file, base::octets data) override {
        const called call(*this);
        if (call.fails) { // half of it is there
            data = data.first(data.size() / 2);
        }
        content& now = nodes_.at(static_cast<std::size_t>(file)).now;
        now.insert(now.end(), data.begin(), data.end());
        return call.fails ? std::unexpected(file_error::no_space) : file_result<void>{};
    }
    void start_sync(int) noexcept override {}
    file_result<void> sync(int file) override {
        const called call(*this);
        if (call.fails) {
            return std::unexpected(file_error::failed);
        }
        node& each = nodes_.at(static_cast<std::size_t>(file));
        each.durable = each.now;
        return {};
    }
    void close(int) noexcept override {}
    file_result<void> rename(const std::string& from, const std::string& to) override {
        const called call(*this);
        if (call.fails) {
            return std::unexpected(file_error::failed);
        }
        if (!names_.contains(from) || !has_folder(to)) {
            return std::unexpected(file_error::not_found);
        }
        change({false, from, to, names_[from]});
        return {};
    }
    file_result<void> remove(const std::string& path) override {
        const called call(*this);
        if (call.fails || !names_.contains(path)) {
            return std::unexpected(call.fails ? file_error::failed : file_error::not_found);
        }
        change({false, path, {}, 0});
        return {};
    }
    file_result<void> make_folder(const std::string& path) override {
        const called call(*this);
        if (call.fails || !has_folder(path)) {
            return std::unexpected(call.fails ? file_error::failed : file_error::not_found);
        }
        if (!names_.contains(path)) {
            change({false, {}, path, folder});
        }
        return {};
    }
    file_result<void> sync_folder(const std::string& in) override {
        const called call(*this);
        if (call.fails || (in != "." && !names_.contains(in))) {
            return std::unexpected(call.fails ? file_error::failed : file_error::not_found);
        }
        for (operation& each : journal_) {
            each.durable = each.durable || parent(each.from) == in || parent(each.to) == in;
        }
        return {};
    }
    file_result<std::uint64_t> free_octets(const std::string&) override {
        return std::uint64_t{1} << 40U;
    }

  private:
    static constexpr std::size_t folder = ~std::size_t{0};

    struct node {
        content now;
        content durable;
    };
    struct operation {
        bool durable = false;
        std::string from; ///< empty: something new
        std::string to;   ///< empty: removed
        std::size_t number = 0;
    };
    struct called {
        explicit called(memory_files& of) : files(of) {
            ++files.calls;
            fails = files.calls == files.fail_at ||
                    (files.dead_at != 0 && files.calls >= files.dead_at);
        }
        called(const called&) = delete;
        called& operator=(const called&) = delete;
        ~called() {
            if (files.after) {
                files.after();
            }
        }
        memory_files& files;
        bool fails = false;
    };

    static std::string parent(const std::string& path) {
        const std::size_t slash = path.rfind('/');
        return slash != std::string::npos ? path.substr(0, slash) : path.empty() ? "" : ".";
    }
    [[nodiscard]] bool has_folder(const std::string& path) const {
        const std::string in = parent(path);
        return in == "." || names_.contains(in);
    }
    static void apply(std::map<std::string, std::size_t>& names, const operation& each) {
        // What was renamed durably was made durably.
        const bool there = each.from.empty() || names.erase(each.from) != 0 || each.durable;
        if (there && !each.to.empty()) {
            names[each.to] = each.number;
        }
    }
    void change(const operation& each) {
        apply(names_, each);
        journal_.push_back(each);
    }
    static void lose(node& each, std::mt19937& random) {
        switch (random() % 4) {
        case 0:
            each.now = each.durable;
            break;
        case 1:
            each.now.resize(random() % (each.now.size() + 1));
            break;
        case 2: // the length is there, the octets are not
            for (std::size_t i = random() % (each.now.size() + 1); i < each.now.size(); ++i) {
                each.now[i] = 0;
            }
            break;
        default:
            break;
        }
    }

    std::vector<node> nodes_;
    std::map<std::string, std::size_t> names_;
    std::vector<operation> journal_;
};

} // namespace landfall::test
