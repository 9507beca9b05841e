// SPDX-License-Identifier: MIT
// A file system in memory of which any operation can fail, and whose power can be cut: then only
// what was synced is sure to be there, and of the rest any part.
#pragma once

#include "base/random.h"
#include "delivery/files/files.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landfall::delivery {

class memory_files final : public file_system {
  public:
    using octet_vector = std::vector<std::uint8_t>;

    std::uint64_t calls = 0;
    std::optional<std::uint64_t> fail_at{}; ///< that call fails, and `fail_count` from it on
    std::uint64_t fail_count = 1;
    file_error fail_with = file_error::failed;
    bool partial = false; ///< a failing write puts half of its data
    std::uint64_t capacity = ~std::uint64_t{0} / 2;
    std::uint64_t foreign = 0; ///< octets that others take

    file_result<void> make_folder(const std::string&) override { return attempt(); }
    file_result<std::vector<folder_entry>> list(const std::string& path) override {
        if (auto may = attempt(); !may) {
            return std::unexpected(may.error());
        }
        std::vector<folder_entry> found;
        for (const auto& [name, content] : now_) {
            found.push_back({name.substr(path.size() + 1), content->data.size()});
        }
        return found;
    }
    file_result<octet_vector> read(const std::string& path, std::size_t most) override {
        auto content = read_begin(path, most + 1);
        if (content && content->size() > most) {
            return std::unexpected(file_error::too_long);
        }
        return content;
    }
    file_result<octet_vector> read_begin(const std::string& path, std::size_t most) override {
        if (auto may = attempt(); !may) {
            return std::unexpected(may.error());
        }
        const auto at = now_.find(path);
        if (at == now_.end()) {
            return std::unexpected(file_error::not_found);
        }
        octet_vector content = at->second->data;
        content.resize(std::min(content.size(), most));
        return content;
    }
    file_result<int> create(const std::string& path) override {
        if (auto may = attempt(); !may) {
            return std::unexpected(may.error());
        }
        if (now_.contains(path)) {
            return std::unexpected(file_error::exists);
        }
        return open(path);
    }
    file_result<int> append(const std::string& path) override {
        if (auto may = attempt(); !may) {
            return std::unexpected(may.error());
        }
        return open(path);
    }
    file_result<int> lock(const std::string& path) override { return append(path); }
    file_result<void> write(int file, base::octets data) override {
        octet_vector& content = open_.at(file)->data;
        auto may = attempt();
        if (may && used() + foreign + data.size() > capacity) {
            may = std::unexpected(file_error::no_space);
        }
        const std::size_t count = may ? data.size() : partial ? data.size() / 2 : 0;
        content.insert(content.end(), data.begin(),
                       data.begin() + static_cast<std::ptrdiff_t>(count));
        return may;
    }
    void start_sync(int) noexcept override {}
    file_result<void> sync(int file) override {
        auto may = attempt();
        if (may) {
            open_.at(file)->synced = open_.at(file)->data.size();
        }
        return may;
    }
    void close(int file) noexcept override { open_.erase(file); }
    file_result<void> rename(const std::string& from, const std::string& to) override {
        return change(
            [=](names& of) {
                if (const auto at = of.find(from); at != of.end()) {
                    of[to] = at->second;
                    of.erase(from);
                }
            },
            from);
    }
    file_result<void> remove(const std::string& path) override {
        return change([=](names& of) { of.erase(path); }, path);
    }
    file_result<void> sync_folder(const std::string&) override {
        auto may = attempt();
        if (may) {
            durable_ = now_;
            pending_.clear();
        }
        return may;
    }
    file_result<std::uint64_t> free_octets(const std::string&) override {
        if (auto may = attempt(); !may) {
            return std::unexpected(may.error());
        }
        return capacity - std::min(capacity, used() + foreign);
    }

    /// What is there after the power was cut: each change of names that was not synced may have
    /// been made or not, each file that was not synced ends anywhere.
    void cut_power(base::random_source& random) {
        for (const auto& apply : pending_) {
            if (random.bit()) {
                apply(durable_);
            }
        }
        for (auto& [name, content] : durable_) {
            const std::size_t loose = content->data.size() - content->synced;
            content->data.resize(content->synced + random.below(loose + 1));
            content->synced = content->data.size();
        }
        revive();
        now_ = durable_;
        pending_.clear();
    }
    /// As after `kill -9`: all that was written is there.
    void revive() {
        open_.clear();
        fail_at.reset();
    }

    /// Of a file, to be looked at or changed.
    [[nodiscard]] octet_vector& content(const std::string& path) { return now_.at(path)->data; }
    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> found;
        for (const auto& [name, content] : now_) {
            found.push_back(name);
        }
        return found;
    }
    void erase(const std::string& path) { now_.erase(path); }

  private:
    struct stored_file {
        octet_vector data;
        std::size_t synced = 0;
    };
    using names = std::map<std::string, std::shared_ptr<stored_file>>;

    file_result<void> attempt() {
        const std::uint64_t call = calls++;
        const bool fails = fail_at && call >= *fail_at && call - *fail_at < fail_count;
        return fails ? std::unexpected(fail_with) : file_result<void>{};
    }
    file_result<int> open(const std::string& path) {
        const auto [at, made] = now_.try_emplace(path, std::make_shared<stored_file>());
        if (made) {
            pending_.push_back([path, content = at->second](names& of) { of[path] = content; });
        }
        open_[++last_] = at->second;
        return last_;
    }
    file_result<void> change(const std::function<void(names&)>& apply, const std::string& path) {
        if (auto may = attempt(); !may) {
            return may;
        }
        if (!now_.contains(path)) {
            return std::unexpected(file_error::not_found);
        }
        apply(now_);
        pending_.push_back(apply);
        return {};
    }
    [[nodiscard]] std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const auto& [name, content] : now_) {
            sum += content->data.size();
        }
        return sum;
    }

    names now_;
    names durable_;
    std::vector<std::function<void(names&)>> pending_;
    std::map<int, std::shared_ptr<stored_file>> open_;
    int last_ = 0;
};

} // namespace landfall::delivery
