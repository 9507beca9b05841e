// SPDX-License-Identifier: MIT
// A file system that fails and loses power on demand: what was not synced may be gone, cut, or
// there, each by itself.
#pragma once

#include "delivery/ledger/files.h"

#include <cerrno>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace landfall::test {

class memory_files final : public delivery::ledger::files {
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
    [[nodiscard]] std::vector<std::string> all() const {
        std::vector<std::string> paths;
        for (const auto& [path, number] : names_) {
            if (number != folder) {
                paths.push_back(path);
            }
        }
        return paths;
    }

    std::expected<content, int> read(const std::string& path, std::size_t most) override {
        const called call(*this);
        const auto at = names_.find(path);
        if (call.fails) {
            return std::unexpected(EIO);
        }
        if (at == names_.end() || at->second == folder) {
            return std::unexpected(at == names_.end() ? ENOENT : EISDIR);
        }
        if (nodes_[at->second].now.size() > most) {
            return std::unexpected(EFBIG);
        }
        return nodes_[at->second].now;
    }
    std::expected<std::vector<std::string>, int> list(const std::string& in) override {
        const called call(*this);
        if (call.fails || !names_.contains(in)) {
            return std::unexpected(call.fails ? EIO : ENOENT);
        }
        std::vector<std::string> found;
        for (const auto& [path, number] : names_) {
            if (parent(path) == in) {
                found.push_back(path.substr(in.size() + 1));
            }
        }
        return found;
    }
    int write(const std::string& path, base::octets data) override {
        const called call(*this);
        if (const int error = no_folder(path)) {
            return error;
        }
        if (!names_.contains(path)) {
            nodes_.emplace_back();
            change({false, {}, path, nodes_.size() - 1});
        }
        if (call.fails) { // half of it is there
            data = data.first(data.size() / 2);
        }
        nodes_[names_[path]].now.assign(data.begin(), data.end());
        return call.fails ? ENOSPC : 0;
    }
    int sync(const std::string& path) override {
        const called call(*this);
        if (call.fails || !names_.contains(path)) {
            return call.fails ? EIO : ENOENT;
        }
        node& each = nodes_[names_[path]];
        each.durable = each.now;
        return 0;
    }
    int rename(const std::string& from, const std::string& to) override {
        const called call(*this);
        if (call.fails || !names_.contains(from)) {
            return call.fails ? EIO : ENOENT;
        }
        if (const int error = no_folder(to)) {
            return error;
        }
        change({false, from, to, names_[from]});
        return 0;
    }
    int remove(const std::string& path) override {
        const called call(*this);
        if (call.fails || !names_.contains(path)) {
            return call.fails ? EIO : ENOENT;
        }
        change({false, path, {}, 0});
        return 0;
    }
    int make_folder(const std::string& path) override {
        const called call(*this);
        if (call.fails || names_.contains(path)) {
            return call.fails ? EIO : EEXIST;
        }
        if (const int error = no_folder(path)) {
            return error;
        }
        change({false, {}, path, folder});
        return 0;
    }
    int sync_folder(const std::string& in) override {
        const called call(*this);
        if (call.fails || (in != "." && !names_.contains(in))) {
            return call.fails ? EIO : ENOENT;
        }
        for (operation& each : journal_) {
            each.durable = each.durable || parent(each.from) == in || parent(each.to) == in;
        }
        return 0;
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
    [[nodiscard]] int no_folder(const std::string& path) const {
        const std::string in = parent(path);
        return in == "." || names_.contains(in) ? 0 : ENOENT;
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
