// SPDX-License-Identifier: MIT
#include "app/spool_command.h"

#include "app/style.h"
#include "base/error.h"
#include "crypto/age.h"
#include "crypto/age_keys.h"
#include "crypto/start.h"
#include "delivery/spool/inspect.h"
#include "wire/sigmf.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

namespace landfall::app {
namespace {

using delivery::finding;
using json_object = nlohmann::ordered_json;

constexpr std::size_t most_identity_octets = 65536;

struct tenant_folder {
    std::string name;
    std::string path;
};

base::result<std::vector<tenant_folder>> folders_of(const spool_options& options) {
    const std::filesystem::path root(options.folder);
    std::vector<tenant_folder> found;
    std::error_code error;
    if (std::filesystem::exists(root / delivery::manifest_name, error)) {
        const std::string name = std::filesystem::absolute(root, error).filename().string();
        return std::vector<tenant_folder>{{name, root.string()}};
    }
    for (auto at = std::filesystem::directory_iterator(root, error);
         !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
        std::error_code ignored;
        const std::string name = at->path().filename().string();
        if (at->is_directory(ignored) && (options.tenant.empty() || options.tenant == name)) {
            found.push_back({name, at->path().string()});
        }
    }
    if (error) {
        const bool denied = error == std::errc::permission_denied;
        return std::unexpected(
            base::failure{fmt::format("{}: {}", root.string(), error.message()),
                          denied ? base::exit_code::no_permission : base::exit_code::failed});
    }
    if (found.empty() && !options.tenant.empty()) {
        return std::unexpected(
            base::failure{fmt::format("{}: has no tenant '{}'", root.string(), options.tenant)});
    }
    std::ranges::sort(found, {}, &tenant_folder::name);
    return found;
}

std::string explain(const delivery::seen_file& seen) {
    switch (*seen.wrong) {
    case finding::digest:
        return "is not what was written: its SHA-256 is not that of its name";
    case finding::length:
        return "is not as long as it was when it was written";
    case finding::missing:
        return "is missing";
    case finding::header:
        return "is no segment of a gateway";
    case finding::unreadable:
        return "cannot be read";
    case finding::set_aside:
        return "was found damaged before, and is kept";
    case finding::torn:
        return "was not finished when the gateway ended; nothing of it was announced";
    case finding::manifest:
        return seen.line == 0 ? "is missing"
                              : fmt::format("has a damaged line, number {}", seen.line);
    }
    return {};
}

/// A torn file is no damage: it says how the gateway ended.
bool is_damage(const delivery::seen_file& seen) noexcept {
    return seen.wrong && *seen.wrong != finding::torn;
}

json_object as_json(const std::string& tenant, const delivery::seen_file& seen) {
    json_object one = {{"tenant", tenant},
                       {"file", seen.file},
                       {"sequence", seen.segment.sequence},
                       {"octets", seen.segment.octets}};
    if (seen.wrong) {
        one["wrong"] = delivery::name(*seen.wrong);
    }
    if (seen.line != 0) {
        one["line"] = seen.line;
    }
    if (!seen.summary) {
        return one;
    }
    const delivery::segment_summary& summary = *seen.summary;
    one["digest"] = crypto::to_text(seen.segment.digest);
    one["gateway"] = summary.gateway;
    one["contact"] = summary.contact;
    one["priority"] = summary.priority;
    one["frames"] = summary.frames;
    one["frame_octets"] = summary.octets;
    one["first"] = wire::write_iso8601(summary.first);
    one["last"] = wire::write_iso8601(summary.last);
    json_object channels = json_object::array();
    for (const delivery::segment_channel& channel : summary.channels) {
        channels.push_back({{"carrier", channel.carrier},
                            {"spacecraft_id", channel.spacecraft_id},
                            {"vcid", channel.vcid},
                            {"as", delivery::name(channel.as)},
                            {"frames", channel.frames}});
    }
    one["channels"] = channels;
    return one;
}

std::string channels_text(const delivery::segment_summary& summary) {
    std::string text;
    for (const delivery::segment_channel& one : summary.channels) {
        text += fmt::format("{}{}.vc{:02}", text.empty() ? "" : " ", one.carrier, one.vcid);
    }
    return text;
}

std::string printable(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c == '\x7F'; }, '?');
    return text;
}

/// What one run of the command adds up.
struct outcome {
    std::uint64_t segments = 0;
    std::uint64_t frames = 0;
    std::uint64_t octets = 0;
    std::uint64_t damaged = 0;
    std::uint64_t exported = 0;
    bool failed = false; ///< something could not be done
    json_object files = json_object::array();
};

void show(spool_word word, const std::string& tenant, const delivery::seen_file& seen) {
    if (seen.wrong) {
        static const style look(stdout);
        fmt::print("{}/{} {}\n", tenant, seen.file,
                   look.paint(is_damage(seen) ? colour::red : colour::yellow, explain(seen)));
    } else if (word == spool_word::list && seen.summary) {
        const delivery::segment_summary& summary = *seen.summary;
        fmt::print("{:<12} {:>12} {:>4} {:>9} {:>8}  {}  {}\n", printable(tenant),
                   seen.segment.sequence, summary.priority, seen.segment.octets, summary.frames,
                   wire::write_iso8601(summary.first), printable(channels_text(summary)));
    }
}

bool write_file(const std::filesystem::path& path, base::octets content) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wbx"),
                                                               std::fclose);
    if (!file) {
        return false;
    }
    return std::fwrite(content.data(), 1, content.size(), file.get()) == content.size() &&
           std::fflush(file.get()) == 0;
}

/// Copies a good segment, or opens it.
bool export_one(const spool_options& options, const std::string& tenant,
                const delivery::seen_file& seen, std::span<const crypto::private_key> identities) {
    std::filesystem::path path = std::filesystem::path(options.to) / (tenant + "-" + seen.file);
    const auto tell = [&](std::string_view what) {
        fmt::print(stderr, "landfall spool: {}: {}\n", path.string(), what);
        return false;
    };
    if (identities.empty()) {
        return write_file(path, *seen.content) || tell("cannot be written, or is there already");
    }
    auto opened = crypto::open_age(*seen.content, identities);
    path.replace_extension(".pcapng");
    if (!opened.all) {
        return tell(fmt::format("not opened: {}", crypto::name(opened.all.error())));
    }
    const bool written = write_file(path, opened.plain);
    crypto::wipe(opened.plain.data(), opened.plain.size());
    return written || tell("cannot be written, or is there already");
}

/// Lines of `age-keygen`: identities, and comments.
base::result<std::vector<crypto::private_key>> read_identities(delivery::file_system& files,
                                                               const std::string& path) {
    std::vector<crypto::private_key> found;
    if (path.empty()) {
        return found;
    }
    auto content = files.read(path, most_identity_octets);
    if (!content) {
        return std::unexpected(
            base::failure{fmt::format("{}: {}", path, delivery::name(content.error()))});
    }
    std::string_view text(reinterpret_cast<const char*>(content->data()), content->size());
    bool good = true;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        line.remove_suffix(line.ends_with('\r') ? 1 : 0);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        auto key = crypto::parse_age_identity(line);
        good = good && key.has_value();
        if (key) {
            found.push_back(*std::move(key));
        }
    }
    crypto::wipe(content->data(), content->size());
    if (!good || found.empty()) {
        return std::unexpected(base::failure{fmt::format(
            "{}: holds no identity, or one that is not \"AGE-SECRET-KEY-1...\"", path)});
    }
    return found;
}

void report(spool_word word, const spool_options& options, const outcome& sum) {
    if (options.json) {
        const json_object whole = {
            {"schema", 1},          {"segments", sum.segments}, {"frames", sum.frames},
            {"octets", sum.octets}, {"damaged", sum.damaged},   {"files", sum.files}};
        fmt::print("{}\n", whole.dump(2, ' ', false, json_object::error_handler_t::replace));
        return;
    }
    fmt::print("{} segments, {} frames, {} octets", sum.segments, sum.frames, sum.octets);
    if (word == spool_word::export_) {
        fmt::print("; {} exported", sum.exported);
    }
    fmt::print("{}\n", sum.damaged == 0 ? std::string()
                                        : fmt::format("; {} damaged or missing", sum.damaged));
}

int refuse(const base::failure& failure) {
    fmt::print(stderr, "landfall spool: {}\n", failure.message);
    return failure.code;
}

} // namespace

int spool_command(spool_word word, const spool_options& options) {
    if (!crypto::start()) {
        return refuse({"libsodium cannot start"});
    }
    const auto files = delivery::system_files();
    const auto folders = folders_of(options);
    const auto identities = read_identities(*files, options.identity_file);
    if (!folders || !identities) {
        return refuse(!folders ? folders.error() : identities.error());
    }
    std::error_code error;
    if (word == spool_word::export_ &&
        (std::filesystem::create_directories(options.to, error), error)) {
        return refuse({fmt::format("{}: {}", options.to, error.message())});
    }
    outcome sum;
    if (word == spool_word::list && !options.json) {
        fmt::print("{:<12} {:>12} {:>4} {:>9} {:>8}  {:<30}  {}\n", "tenant", "sequence", "prio",
                   "octets", "frames", "first", "channels");
    }
    const auto how =
        word == spool_word::list ? delivery::depth::headers : delivery::depth::contents;
    for (const tenant_folder& tenant : *folders) {
        const auto seen_all =
            inspect(*files, tenant.path, how, [&](const delivery::seen_file& seen) {
                sum.damaged += is_damage(seen) ? 1U : 0U;
                if (!seen.wrong) {
                    ++sum.segments;
                    sum.frames += seen.segment.frames;
                    sum.octets += seen.segment.octets;
                }
                if (options.json) {
                    sum.files.push_back(as_json(tenant.name, seen));
                } else {
                    show(word, tenant.name, seen);
                }
                if (word == spool_word::export_ && seen.content != nullptr) {
                    const bool done = export_one(options, tenant.name, seen, *identities);
                    sum.exported += done ? 1U : 0U;
                    sum.failed = sum.failed || !done;
                }
            });
        if (!seen_all) {
            sum.failed = true;
            fmt::print(stderr, "landfall spool: {}: {}\n", tenant.path,
                       delivery::name(seen_all.error()));
        }
    }
    report(word, options, sum);
    return sum.damaged == 0 && !sum.failed ? base::exit_code::done : base::exit_code::failed;
}

} // namespace landfall::app
