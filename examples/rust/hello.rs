//! Organises a folder with a built-in playbook: no model, no key. Then gives everything back.

use std::{fs, path::Path};

use cowork::{Command, Cowork, Finish, Mode, Submit, ThreadId};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (data, desk) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for name in ["photo.jpg", "letter.docx", "song.mp3"] {
        fs::write(desk.path().join(name), name)?;
    }
    let cowork = Cowork::builder().data_dir(data.path()).build().await?;
    let task = Submit {
        folders: vec![cowork::folder(desk.path())?],
        mode: Mode::Auto,
        ..Submit::new("Organise these files by type")
    };
    let task = cowork.submit(ThreadId::named("main"), "me", task).await?;
    if let Some(Finish::Done { summary, .. }) = cowork.settled(task).await?.result {
        println!("{summary}");
    }
    println!("{:?}", files(desk.path(), Path::new(""))?);
    cowork.tell(task, "me", Command::undo()).await?;
    cowork.settled(task).await?;
    println!("{:?}", files(desk.path(), Path::new(""))?);
    cowork.stop().await;
    Ok(())
}

/// Gives what is in a folder and in those inside it, by path.
fn files(root: &Path, below: &Path) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(below))? {
        let path = below.join(entry?.file_name());
        if root.join(&path).is_dir() {
            found.extend(files(root, &path)?);
        } else {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    Ok(found)
}
